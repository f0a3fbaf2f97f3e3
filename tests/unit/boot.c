/* What starts a kernel: unified kernel images (judge: objdump), the initrd's archive (judge: libarchive), modules, GRUB. */
#include "suite.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "boot/cpio.h"
#include "boot/grub.h"
#include "boot/modules.h"
#include "boot/uki.h"
#include "host/proc.h"
#include "scratch.h"

/* --- unified kernel images ------------------------------------------------------------------------------------------- */

enum { PE = 0x80, OPTIONAL = PE + 24, TABLE = OPTIONAL + 240, HEADERS = 0x400, STUB_BYTES = HEADERS + 0x200 + 7 };

static void put(uint8_t *to, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

/* The least that is a PE32+ file with one section, some bytes behind it, and room for six more headers. */
static void make_stub(uint8_t stub[STUB_BYTES])
{
	memset(stub, 0, STUB_BYTES);
	memcpy(stub, "MZ", 2);
	put(stub + 0x3c, PE, 4);
	memcpy(stub + PE, "PE\0\0", 4);
	put(stub + PE + 4, 0x8664, 2);
	put(stub + PE + 6, 1, 2);
	put(stub + PE + 20, 240, 2);
	put(stub + PE + 22, 0x22e, 2);
	put(stub + OPTIONAL, 0x20b, 2);
	put(stub + OPTIONAL + 16, 0x1000, 4); /* entry */
	put(stub + OPTIONAL + 32, 0x1000, 4);
	put(stub + OPTIONAL + 36, 0x200, 4);
	put(stub + OPTIONAL + 56, 0x2000, 4);
	put(stub + OPTIONAL + 60, HEADERS, 4);
	put(stub + OPTIONAL + 64, 0xdeadbeef, 4);
	put(stub + OPTIONAL + 68, 10, 2); /* an EFI application */
	put(stub + OPTIONAL + 108, 16, 4);
	memcpy(stub + TABLE, ".text\0\0\0", 8);
	put(stub + TABLE + 8, 0x123, 4);
	put(stub + TABLE + 12, 0x1000, 4);
	put(stub + TABLE + 16, 0x200, 4);
	put(stub + TABLE + 20, HEADERS, 4);
	put(stub + TABLE + 36, 0x60000020, 4);
	memset(stub + HEADERS, 0xc3, 0x200);
	memcpy(stub + HEADERS + 0x200, "symbols", 7);
}

static const struct uki_section SECTIONS[] = {
	{".cmdline", "root=none", 9}, {".linux", "MZ and more", 11},
};

START_TEST(objdump_sees_the_sections_that_were_added)
{
	static const char *const wanted[] = {".text", ".cmdline", ".linux", "00000009", "0000000b", "00002000", "00003000"};
	const char *path = scratch_path("uki.efi");
	const char *const argv[] = {"objdump", "-h", "-j", ".text", "-j", ".cmdline", "-j", ".linux", path, NULL};
	struct buf uki = {0}, said = {0};
	struct err err = {0};
	uint8_t stub[STUB_BYTES];

	make_stub(stub);
	ck_assert_int_eq(uki_make(stub, sizeof stub, SECTIONS, 2, &uki, &err), 0);
	ck_assert_uint_eq(uki.size, 0x2000 + 0x200);
	ck_assert_mem_eq(uki.data + 0x600, "symbols", 7); /* what stood behind the sections stays */
	ck_assert_mem_eq(uki.data + 0x1000, "root=none\0", 10);
	ck_assert_mem_eq(uki.data + 0x2000, "MZ and more\0", 12);
	ck_assert_mem_eq(uki.data + PE + 6, "\3\0", 2);
	ck_assert_mem_eq(uki.data + OPTIONAL + 56, "\0\x40\0\0", 4); /* the image ends after .linux */
	ck_assert_mem_eq(uki.data + OPTIONAL + 64, "\0\0\0\0", 4);
	ck_assert_int_eq(file_publish(path, uki.data, uki.size, 0644, &err), 0);
	ck_assert_int_eq(proc_run(&(struct proc){.argv = argv, .output = &said}, &err), 0);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		ck_assert_msg(strstr(said.data, wanted[i]) != NULL, "no '%s' in:\n%s", wanted[i], said.data);
	buf_free(&uki);
	buf_free(&said);
}
END_TEST

static int uki_of(const uint8_t *stub, size_t size, const struct uki_section *sections, size_t n)
{
	struct buf uki = {0};
	struct err err = {0};
	int r = uki_make(stub, size, sections, n, &uki, &err);

	ck_assert((r < 0) == (err.count > 0));
	buf_free(&uki);
	err_free(&err);
	return r;
}

START_TEST(stubs_that_are_none_are_refused)
{
	static const struct { size_t at, size; uint64_t value; } changes[] = {
		{0, 1, 0},                     /* no MZ */
		{0x3c, 4, 0xfffffff0},         /* the header is elsewhere */
		{PE, 1, 0},
		{PE + 6, 2, 90},               /* more sections than headers hold */
		{PE + 20, 2, 0xffff},          /* an optional header behind the end */
		{PE + 20, 2, 10},
		{OPTIONAL, 2, 0x10b},          /* 32 bits */
		{OPTIONAL + 32, 4, 0},
		{OPTIONAL + 36, 4, 3},
		{OPTIONAL + 60, 4, 0xffffffff},
		{OPTIONAL + 108, 4, 2},
		{OPTIONAL + 144, 4, 0x600},    /* signed */
		{TABLE + 20, 4, 0xfffffff0},
		{TABLE + 12, 4, 0xfffffff0},
		{TABLE, 8, 0x656e696c646d632e}, /* .cmdline */
	};
	uint8_t stub[STUB_BYTES];

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		make_stub(stub);
		put(stub + changes[i].at, changes[i].value, changes[i].size);
		ck_assert_msg(uki_of(stub, sizeof stub, SECTIONS, 2) == -EBADMSG, "change %zu", i);
	}
	make_stub(stub);
	for (size_t size = 0; size < HEADERS + 0x200; size++)
		ck_assert_int_eq(uki_of(stub, size, SECTIONS, 2), -EBADMSG);
}
END_TEST

START_TEST(no_damaged_stub_leads_outside_of_its_bytes)
{
	uint64_t state = 88172645463325252ULL;
	uint8_t stub[STUB_BYTES];

	for (int i = 0; i < 20000; i++) {
		make_stub(stub);
		for (int j = 0; j < 4; j++) { /* xorshift64 */
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			stub[state % TABLE + (state >> 40) % 80] = (uint8_t)(state >> 32);
		}
		uki_of(stub, STUB_BYTES - state % 3, SECTIONS, 2);
	}
}
END_TEST

START_TEST(what_was_put_into_a_uki_is_found_in_it)
{
	struct buf uki = {0};
	struct err err = {0};
	uint8_t stub[STUB_BYTES];
	const void *data;
	size_t size;

	make_stub(stub);
	ck_assert_int_eq(uki_make(stub, sizeof stub, SECTIONS, 2, &uki, &err), 0);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(uki_find(uki.data, uki.size, SECTIONS[i].name, &data, &size, &err), 0);
		ck_assert_uint_eq(size, SECTIONS[i].size);
		ck_assert_mem_eq(data, SECTIONS[i].data, size);
		ck_assert_uint_eq((size_t)((const char *)data - uki.data) % 4096, 0);
	}
	ck_assert_int_eq(uki_find(uki.data, uki.size, ".initrd", &data, &size, &err), -ENOENT);
	ck_assert_int_eq(uki_find("MZ", 2, ".linux", &data, &size, &err), -EBADMSG);
	ck_assert_int_eq(uki_find(uki.data, 0x2000, ".linux", &data, &size, &err), -EBADMSG); /* cut off */
	err_free(&err);
	buf_free(&uki);
}
END_TEST

START_TEST(more_sections_than_the_headers_hold_are_refused)
{
	struct uki_section many[16];
	char names[16][8];
	uint8_t stub[STUB_BYTES];
	size_t room = (HEADERS - TABLE) / 40 - 1;

	for (size_t i = 0; i < 16; i++) {
		snprintf(names[i], sizeof names[i], ".s%zu", i);
		many[i] = (struct uki_section){names[i], "x", 1};
	}
	make_stub(stub);
	ck_assert_int_eq(uki_of(stub, sizeof stub, many, room), 0);
	ck_assert_int_eq(uki_of(stub, sizeof stub, many, room + 1), -ENOSPC);
}
END_TEST

START_TEST(a_stub_with_more_sections_than_are_allowed_gets_no_more)
{
	enum { SECTIONS_MAX = 96, N = SECTIONS_MAX + 1, BYTES = TABLE + N * 40 };
	uint8_t stub[BYTES], small[STUB_BYTES];

	make_stub(small);
	memset(stub, 0, sizeof stub);
	memcpy(stub, small, TABLE);
	put(stub + PE + 6, N, 2);
	put(stub + OPTIONAL + 60, BYTES, 4);
	ck_assert_int_eq(uki_of(stub, sizeof stub, SECTIONS, 1), -ENOSPC); /* it would be written behind the table */
}
END_TEST

START_TEST(what_is_put_into_a_stub_of_any_alignment_is_found)
{
	for (uint64_t alignment = 512; alignment <= 65536; alignment *= 2) {
		uint8_t stub[STUB_BYTES];
		struct buf uki = {0};
		struct err err = {0};
		const void *data;
		size_t size;

		make_stub(stub);
		put(stub + OPTIONAL + 36, alignment, 4);
		ck_assert_int_eq(uki_make(stub, sizeof stub, SECTIONS, 2, &uki, &err), 0);
		ck_assert_int_eq(uki_find(uki.data, uki.size, ".linux", &data, &size, &err), 0);
		ck_assert_uint_eq(size, SECTIONS[1].size);
		ck_assert_mem_eq(data, SECTIONS[1].data, size);
		buf_free(&uki);
	}
}
END_TEST

/* --- the initrd ------------------------------------------------------------------------------------------------------ */

START_TEST(libarchive_reads_what_the_kernel_would_unpack)
{
	static const struct { const char *name; mode_t mode; const char *content; } wanted[] = {
		{"dev", S_IFDIR | 0755, NULL}, {"dev/console", S_IFCHR | 0600, NULL}, {"init", S_IFREG | 0755, "#!"},
		{"modules", S_IFDIR | 0755, NULL}, {"modules/00-x.ko", S_IFREG | 0644, "module"},
	};
	struct archive *reader = archive_read_new();
	struct archive_entry *entry;
	struct buf out = {0};
	struct cpio cpio = {.out = &out, .time = 1750000000};
	char content[16];

	cpio_folder(&cpio, "dev", 0755);
	cpio_device(&cpio, "dev/console", 0600, 5, 1);
	cpio_file(&cpio, "init", 0755, "#!", 2);
	cpio_folder(&cpio, "modules", 0755);
	cpio_file(&cpio, "modules/00-x.ko", 0644, "module", 6);
	cpio_end(&cpio);
	ck_assert_uint_eq(out.size % 512, 0);

	archive_read_support_format_cpio(reader);
	ck_assert_int_eq(archive_read_open_memory(reader, out.data, out.size), ARCHIVE_OK);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		ck_assert_int_eq(archive_read_next_header(reader, &entry), ARCHIVE_OK);
		ck_assert_str_eq(archive_entry_pathname(entry), wanted[i].name);
		ck_assert_uint_eq(archive_entry_mode(entry), wanted[i].mode);
		ck_assert_int_eq(archive_entry_mtime(entry), 1750000000);
		ck_assert_int_eq(archive_entry_ino(entry), (la_int64_t)i + 1);
		ck_assert_int_eq(archive_entry_uid(entry), 0);
		if (S_ISCHR(wanted[i].mode))
			ck_assert(archive_entry_rdevmajor(entry) == 5 && archive_entry_rdevminor(entry) == 1);
		memset(content, 0, sizeof content);
		archive_read_data(reader, content, sizeof content - 1);
		ck_assert_str_eq(content, wanted[i].content ? wanted[i].content : "");
	}
	ck_assert_int_eq(archive_read_next_header(reader, &entry), ARCHIVE_EOF);
	archive_read_free(reader);
	buf_free(&out);
}
END_TEST

static const char DEP[] = "kernel/md/dm-verity.ko.xz: kernel/md/dm-bufio.ko.xz kernel/md/dm-mod.ko.xz\n"
			  "kernel/md/dm-mod.ko.xz:\n"
			  "kernel/md/dm-bufio.ko.xz: kernel/md/dm-mod.ko.xz\n"
			  "kernel/a.ko: kernel/b.ko\n"
			  "kernel/b.ko: kernel/a.ko\n"
			  "kernel/lost.ko: kernel/nowhere.ko\n";
static const char BUILTIN[] = "kernel/fs/ext4/ext4.ko\nkernel/drivers/virtio/virtio-pci.ko\n";

START_TEST(modules_come_after_what_they_need_and_once)
{
	static const struct modules_wanted wanted[] = {
		{"dm_verity", true}, {"dm-mod", true}, {"ext4", true}, {"virtio_pci", true}, {"nvme", false}, {"a", true},
	};
	static const char *const order[] = {"kernel/md/dm-mod.ko.xz", "kernel/md/dm-bufio.ko.xz", "kernel/md/dm-verity.ko.xz",
					    "kernel/b.ko", "kernel/a.ko"};
	struct arena *arena = arena_new();
	struct err err = {0};
	struct strv files;

	ck_assert_int_eq(modules_order(arena, DEP, BUILTIN, wanted, sizeof wanted / sizeof *wanted, &files, &err), 0);
	ck_assert_uint_eq(files.count, sizeof order / sizeof *order);
	for (size_t i = 0; i < files.count; i++)
		ck_assert_str_eq(files.items[i], order[i]);
	arena_free(arena);
}
END_TEST

START_TEST(a_module_that_is_needed_and_missing_is_an_error)
{
	static const struct modules_wanted wanted[] = {{"erofs", true}, {"lost", false}};
	struct arena *arena = arena_new();
	struct strv files;

	for (size_t i = 0; i < 2; i++) {
		struct err err = {0};

		ck_assert_int_eq(modules_order(arena, DEP, BUILTIN, &wanted[i], 1, &files, &err), -ENOENT);
		ck_assert_ptr_nonnull(strstr(err.last->text, wanted[i].name));
		err_free(&err);
	}
	arena_free(arena);
}
END_TEST

/* --- GRUB ------------------------------------------------------------------------------------------------------------ */

START_TEST(mbr_and_core_point_at_each_other)
{
	struct buf boot = {0}, core = {0};
	uint8_t code[GRUB_BOOT_CODE];
	struct err err = {0};

	for (size_t i = 0; i < 510; i++)
		buf_add_u8(&boot, 0xb0);
	buf_add(&boot, "\x55\xaa", 2);
	for (size_t i = 0; i < 1300; i++)
		buf_add_u8(&core, 0xc0);
	ck_assert_int_eq(grub_embed(&boot, &core, 1 << 20, code, &err), 0);
	ck_assert_mem_eq(code + 0x5c, "\0\x08\0\0\0\0\0\0", 8);
	ck_assert_mem_eq(code + 0x64, "\xb0\xb0\x90\x90\xb0", 5);
	ck_assert_uint_eq(core.size, 3 * 512);
	/* The rest of it: from the next sector, two of them, to 0x820:0. */
	ck_assert_mem_eq(core.data + 500, "\1\x08\0\0\0\0\0\0\2\0\x20\x08\xc0", 13);

	core.size = 512;
	ck_assert_int_eq(grub_embed(&boot, &core, 1 << 20, code, &err), -EBADMSG);
	core.size = 1024;
	ck_assert_int_eq(grub_embed(&boot, &core, 0, code, &err), -EBADMSG);
	boot.data[511] = 0;
	ck_assert_int_eq(grub_embed(&boot, &core, 1 << 20, code, &err), -EBADMSG);
	buf_free(&boot);
	buf_free(&core);
	err_free(&err);
}
END_TEST

START_TEST(the_kernels_words_reach_it_through_grub)
{
	static const char *const refused[] = {"a='b'", "a=b\\c", "a=\"b c", "a\nb"};
	struct buf out = {0};
	struct err err = {0};

	ck_assert_int_eq(grub_entry("it's gateway, slot a", "a", "ro  x=$(y);z dyndbg=\"file a +p\" last", &out, &err), 0);
	ck_assert_str_eq(out.data, "menuentry 'its gateway, slot a' {\n"
				   "\tif hashsum --hash sha256 --check /aether/a/sums --prefix /aether/a; then\n"
				   "\t\tlinux /aether/a/linux 'ro' 'x=$(y);z' 'dyndbg=file a +p' 'last'\n"
				   "\t\tinitrd /aether/a/initrd\n"
				   "\telse\n"
				   "\t\techo 'slot a is damaged'\n"
				   "\tfi\n"
				   "}\n");
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		ck_assert_int_eq(grub_entry("x", "a", refused[i], &out, &err), -EINVAL);
	buf_free(&out);
	err_free(&err);
}
END_TEST

START_TEST(the_environment_block_has_the_size_that_grub_wants)
{
	struct buf out = {0};

	grub_environment(&out);
	ck_assert_uint_eq(out.size, 1024);
	ck_assert_mem_eq(out.data, "# GRUB Environment Block\n#", 26);
	ck_assert_int_eq(out.data[1023], '#');
	buf_free(&out);
}
END_TEST

SUITE(boot, a_stub_with_more_sections_than_are_allowed_gets_no_more, what_is_put_into_a_stub_of_any_alignment_is_found,
      objdump_sees_the_sections_that_were_added, stubs_that_are_none_are_refused,
      no_damaged_stub_leads_outside_of_its_bytes, what_was_put_into_a_uki_is_found_in_it,
      more_sections_than_the_headers_hold_are_refused,
      libarchive_reads_what_the_kernel_would_unpack, modules_come_after_what_they_need_and_once,
      a_module_that_is_needed_and_missing_is_an_error, mbr_and_core_point_at_each_other,
      the_kernels_words_reach_it_through_grub, the_environment_block_has_the_size_that_grub_wants)
