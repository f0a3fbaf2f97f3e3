#include "boot/uki.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

/* Where things stand in the headers (PE/COFF specification, sections "MS-DOS Stub" to "Section Table"). */
enum {
	DOS_PE_OFFSET = 0x3c,
	COFF = 4,                    /* from the PE signature, like all that follows */
	COFF_N_SECTIONS = COFF + 2,
	COFF_OPTIONAL_SIZE = COFF + 16,
	OPTIONAL = COFF + 20,
	OPTIONAL_MAGIC = OPTIONAL,
	OPTIONAL_DATA_SIZE = OPTIONAL + 8,
	OPTIONAL_SECTION_ALIGNMENT = OPTIONAL + 32,
	OPTIONAL_FILE_ALIGNMENT = OPTIONAL + 36,
	OPTIONAL_IMAGE_SIZE = OPTIONAL + 56,
	OPTIONAL_HEADERS_SIZE = OPTIONAL + 60,
	OPTIONAL_CHECKSUM = OPTIONAL + 64,
	OPTIONAL_N_DIRECTORIES = OPTIONAL + 108,
	OPTIONAL_CERTIFICATES = OPTIONAL + 112 + 4 * 8,
	OPTIONAL_END = OPTIONAL_CERTIFICATES + 8,

	SECTION_BYTES = 40,
	SECTION_VIRTUAL_SIZE = 8,
	SECTION_ADDRESS = 12,
	SECTION_RAW_SIZE = 16,
	SECTION_RAW_OFFSET = 20,
	SECTION_FLAGS = 36,

	MAGIC_PE32_PLUS = 0x20b,
	SECTIONS_MAX = 96,           /* that Windows' loader, and who copies it, takes */
	RAW_ALIGNMENT = 4096,        /* of our sections in the file: blocks of them are blocks of what is in them */
};
static const uint32_t INITIALIZED_DATA = 0x00000040, READABLE = 0x40000000;
static const uint64_t IMAGE_MAX = 0x7fffffff; /* all offsets have 32 bits; we stay clear of their sign */

struct pe {
	uint8_t *bytes;              /* of the file */
	size_t size;
	uint8_t *header;             /* the PE signature */
	uint8_t *table;              /* of sections */
	size_t n_sections, n_room;   /* sections there are, and could be */
	uint64_t section_alignment, file_alignment;
	uint64_t address_end;        /* behind the last section in memory */
};

static void uki_put32(uint8_t *to, uint64_t value)
{
	uint32_t little = htole32((uint32_t)value);

	memcpy(to, &little, sizeof little);
}

static uint64_t uki_align(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) / alignment * alignment;
}

static bool uki_is_alignment(uint64_t value)
{
	return value >= 512 && value <= 1 << 16 && (value & (value - 1)) == 0;
}

static int uki_damaged(struct err *err, const char *what)
{
	err_set(err, -EBADMSG, "the UKI stub is not a valid systemd-stub: %s", what);
	return err_hint(err, "check the package 'systemd-boot-efi' of the tools recipe");
}

/* Looks at the sections that the stub has: what is behind them in memory and how much room its headers leave for more. */
static int uki_read_sections(struct pe *pe, struct err *err)
{
	uint64_t raw_start = bytes_le32(pe->header + OPTIONAL_HEADERS_SIZE);
	uint64_t table_start = (uint64_t)(pe->table - pe->bytes);

	if (raw_start > pe->size || table_start + pe->n_sections * SECTION_BYTES > raw_start)
		return uki_damaged(err, "its section table is larger than its headers");
	for (size_t i = 0; i < pe->n_sections; i++) {
		const uint8_t *section = pe->table + i * SECTION_BYTES;
		uint64_t raw = bytes_le32(section + SECTION_RAW_OFFSET),
			 raw_size = bytes_le32(section + SECTION_RAW_SIZE);
		uint64_t end =
			(uint64_t)bytes_le32(section + SECTION_ADDRESS) + bytes_le32(section + SECTION_VIRTUAL_SIZE);

		if (raw_size && (raw < raw_start || raw + raw_size > pe->size))
			return uki_damaged(err, "a section ends after the end of the file");
		if (end > IMAGE_MAX)
			return uki_damaged(err, "the memory address of a section is too high");
		if (end > pe->address_end)
			pe->address_end = end;
	}
	pe->n_room = (size_t)((raw_start - table_start) / SECTION_BYTES);
	if (pe->n_room > SECTIONS_MAX)
		pe->n_room = SECTIONS_MAX;
	return 0;
}

static int uki_read_headers(struct pe *pe, struct err *err)
{
	uint64_t at, optional_size;

	if (pe->size < DOS_PE_OFFSET + 4 || pe->size > IMAGE_MAX || memcmp(pe->bytes, "MZ", 2) != 0)
		return uki_damaged(err, "it is not a PE file");
	at = bytes_le32(pe->bytes + DOS_PE_OFFSET);
	if (at + OPTIONAL_END > pe->size)
		return uki_damaged(err, "it is cut off");
	pe->header = pe->bytes + at;
	optional_size = bytes_le16(pe->header + COFF_OPTIONAL_SIZE);
	if (memcmp(pe->header, "PE\0\0", 4) != 0 || bytes_le16(pe->header + OPTIONAL_MAGIC) != MAGIC_PE32_PLUS)
		return uki_damaged(err, "it is not a PE32+ file");
	if (optional_size < OPTIONAL_END - OPTIONAL || at + OPTIONAL + optional_size > pe->size ||
	    bytes_le32(pe->header + OPTIONAL_N_DIRECTORIES) < 5)
		return uki_damaged(err, "its optional header is too short");
	if (bytes_le32(pe->header + OPTIONAL_CERTIFICATES) || bytes_le32(pe->header + OPTIONAL_CERTIFICATES + 4))
		return uki_damaged(err, "it is signed, and new sections would break the signature");
	pe->section_alignment = bytes_le32(pe->header + OPTIONAL_SECTION_ALIGNMENT);
	pe->file_alignment = bytes_le32(pe->header + OPTIONAL_FILE_ALIGNMENT);
	if (!uki_is_alignment(pe->section_alignment) || !uki_is_alignment(pe->file_alignment))
		return uki_damaged(err, "its alignment values are not valid");
	pe->table = pe->header + OPTIONAL + optional_size;
	pe->n_sections = bytes_le16(pe->header + COFF_N_SECTIONS);
	return uki_read_sections(pe, err);
}

static bool uki_has_section(const struct pe *pe, const char name[8])
{
	for (size_t i = 0; i < pe->n_sections; i++)
		if (memcmp(pe->table + i * SECTION_BYTES, name, 8) == 0)
			return true;
	return false;
}

/* Appends the section's header to the table; its bytes will stand at `raw` of the file. */
static int uki_add_section(struct pe *pe, const struct uki_section *section, uint64_t raw, struct err *err)
{
	uint8_t *header = pe->table + pe->n_sections * SECTION_BYTES;
	uint64_t address = uki_align(pe->address_end, pe->section_alignment),
		 raw_size = uki_align(section->size, pe->file_alignment);
	char name[9] = "";

	if (!*section->name || strlen(section->name) > 8 || !section->size)
		return err_set(err, -EINVAL, "bug: not a valid UKI section: '%s' of %zu bytes", section->name,
			       section->size);
	strcpy(name, section->name);
	if (uki_has_section(pe, name))
		return uki_damaged(err, "it already has one of the sections to add");
	if (pe->n_sections >= pe->n_room) /* the stub may have more than we would add to */
		return err_set(err, -ENOSPC, "the UKI stub has room for %zu sections, and '%s' does not fit", pe->n_room,
			       section->name);
	if (section->size > IMAGE_MAX || address + section->size > IMAGE_MAX || raw + raw_size > IMAGE_MAX)
		return err_set(err, -EFBIG, "the unified kernel image would be larger than 2 GiB");
	memset(header, 0, SECTION_BYTES);
	memcpy(header, name, 8);
	uki_put32(header + SECTION_VIRTUAL_SIZE, section->size);
	uki_put32(header + SECTION_ADDRESS, address);
	uki_put32(header + SECTION_RAW_SIZE, raw_size);
	uki_put32(header + SECTION_RAW_OFFSET, raw);
	uki_put32(header + SECTION_FLAGS, INITIALIZED_DATA | READABLE);
	pe->n_sections++;
	pe->address_end = address + section->size;
	uki_put32(pe->header + OPTIONAL_DATA_SIZE, (uint64_t)bytes_le32(pe->header + OPTIONAL_DATA_SIZE) + raw_size);
	return 0;
}

int uki_make(const void *stub, size_t stub_size, const struct uki_section *sections, size_t n, struct buf *out,
	     struct err *err)
{
	struct pe pe = {.size = stub_size};
	uint64_t raw, alignment;
	int r;

	buf_add(out, stub, stub_size);
	pe.bytes = (uint8_t *)out->data;
	r = uki_read_headers(&pe, err);
	alignment = pe.file_alignment > RAW_ALIGNMENT ? pe.file_alignment : RAW_ALIGNMENT; /* one is a multiple of the other */
	raw = uki_align(stub_size, alignment);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = uki_add_section(&pe, &sections[i], raw, err);
		raw = uki_align(raw + sections[i].size, alignment);
	}
	if (r < 0)
		return r;
	pe.header[COFF_N_SECTIONS] = (uint8_t)pe.n_sections;
	pe.header[COFF_N_SECTIONS + 1] = 0;
	uki_put32(pe.header + OPTIONAL_IMAGE_SIZE, uki_align(pe.address_end, pe.section_alignment));
	uki_put32(pe.header + OPTIONAL_CHECKSUM, 0);
	for (size_t i = 0; i < n; i++) { /* moves the file: no more of pe.bytes */
		buf_align(out, alignment);
		buf_add(out, sections[i].data, sections[i].size);
	}
	buf_align(out, pe.file_alignment);
	return 0;
}

int uki_find(const void *uki, size_t size, const char *name, const void **ret_data, size_t *ret_size, struct err *err)
{
	struct pe pe = {.bytes = (uint8_t *)uki, .size = size}; /* is only looked at */
	struct err what = {0};
	int r = uki_read_headers(&pe, &what);

	for (size_t i = 0; r == 0 && i < pe.n_sections; i++) {
		const uint8_t *section = pe.table + i * SECTION_BYTES;
		uint64_t bytes = bytes_le32(section + SECTION_VIRTUAL_SIZE),
			 raw_bytes = bytes_le32(section + SECTION_RAW_SIZE);

		if (strncmp((const char *)section, name, 8) != 0 || !raw_bytes)
			continue;
		*ret_data = pe.bytes + bytes_le32(section + SECTION_RAW_OFFSET);
		*ret_size = bytes < raw_bytes ? bytes : raw_bytes;
		return 0;
	}
	if (r == 0)
		return err_set(err, -ENOENT, "the unified kernel image has no section '%s'", name);
	err_free(&what);
	return err_set(err, -EBADMSG, "not a unified kernel image made by aether-build");
}
