/* What files of age and SOPS are opened with: memory, faults, base64. */
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sealed/b64.h"
#include "sealed/fault.h"
#include "sealed/pool.h"

START_TEST(what_a_pool_gives_is_zeroed_aligned_and_its_own)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 16000, 17000, 65000, 65536, 70000, 1 << 20};
	_cleanup_pool_ struct pool *pool = pool_new();
	uint8_t *taken[3 * (sizeof sizes / sizeof *sizes)];

	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
		size_t size = sizes[i % (sizeof sizes / sizeof *sizes)];

		taken[i] = pool_alloc(pool, size);
		ck_assert_uint_eq((uintptr_t)taken[i] % _Alignof(max_align_t), 0);
		for (size_t j = 0; j <= size; j++)
			ck_assert_uint_eq(taken[i][j], 0);
		memset(taken[i], (int)i + 1, size);
	}
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
		for (size_t j = 0; j < sizes[i % (sizeof sizes / sizeof *sizes)]; j++)
			ck_assert_uint_eq(taken[i][j], i + 1);
	}
}
END_TEST

/* The lines of /proc/self/smaps for the mapping that `address` is in: whether it has the flag. */
static bool mapping_has(const void *address, const char *flag)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	unsigned long from, to;
	bool within = false, has = false;
	char line[512];

	ck_assert(maps);
	while (fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			within = from <= (uintptr_t)address && (uintptr_t)address < to;
		else if (within && strncmp(line, "VmFlags:", 8) == 0)
			has = strstr(line, flag);
	}
	fclose(maps);
	return has;
}

START_TEST(a_pool_is_in_no_core_dump)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	char *small = pool_text(pool, "secret");
	char *big = pool_alloc(pool, 1 << 20);
	char *heap = strdup("no secret");

	ck_assert(mapping_has(small, " dd") && mapping_has(big, " dd") && !mapping_has(heap, " dd"));
	free(heap);
}
END_TEST

START_TEST(what_outgrows_its_place_is_wiped)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct growing growing = {.pool = pool};
	uint8_t *before;
	int *items = NULL, *old;
	size_t n = 0;

	ck_assert_uint_eq(growing_bytes(&growing).size, 0);
	ck_assert_uint_eq(*growing_bytes(&growing).data, 0);
	growing_puts(&growing, "secret");
	before = growing.data;
	for (int i = 0; i < 1000; i++)
		growing_add(&growing, "0123456789", 10);
	ck_assert_ptr_ne(before, growing.data);
	for (size_t i = 0; i < 6; i++)
		ck_assert_uint_eq(before[i], 0);
	ck_assert_uint_eq(growing_bytes(&growing).size, 10006);
	ck_assert_uint_eq(growing.data[10006], 0);
	ck_assert_int_eq(memcmp(growing.data, "secret0123", 10), 0);
	*pool_push(pool, items, n) = 1;
	old = items;
	for (int i = 2; i <= 100; i++)
		*pool_push(pool, items, n) = i;
	ck_assert_int_eq(*old, 0);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(items[i], i + 1);
}
END_TEST

START_TEST(texts_are_copied)
{
	_cleanup_pool_ struct pool *pool = pool_new();

	ck_assert_ptr_null(pool_text(pool, NULL));
	ck_assert_str_eq(pool_text(pool, ""), "");
	ck_assert_str_eq(pool_printf(pool, "%s-%d", "a", 7), "a-7");
	ck_assert_uint_eq(pool_bytes(pool, NULL, 0).size, 0);
	ck_assert_str_eq((const char *)pool_bytes(pool, "abcdef", 3).data, "abc");
}
END_TEST

START_TEST(the_first_fault_counts_and_is_calm)
{
	struct fault fault = {0};

	ck_assert_int_eq(fault_set(&fault, FAULT_MAC, 7, "a\n%s", "\033[2J"), -EBADMSG);
	ck_assert_int_eq(fault_set(&fault, FAULT_PARSE, 8, "another"), -EBADMSG);
	ck_assert_int_eq(fault_hint(&fault, "do %d", 1), -EBADMSG);
	ck_assert_int_eq(fault_hint(&fault, "do 2"), -EBADMSG);
	ck_assert_int_eq(fault_wrap(&fault, "%s: ", "a/file\t"), -EBADMSG);
	ck_assert_int_eq(fault.kind, FAULT_MAC);
	ck_assert_uint_eq(fault.line, 7);
	ck_assert_str_eq(fault.text, "a/file?: a??[2J");
	ck_assert_str_eq(fault.hint, "do 1");
	ck_assert_str_eq(fault_kind_name(fault.kind), "mac");
	for (int kind = FAULT_NONE; kind <= FAULT_EMPTY; kind++)
		ck_assert_str_ne(fault_kind_name(kind), "?");
}
END_TEST

/* A text, and what it decodes to padded and not; NULL: it is none. */
static const struct {
	const char *text, *padded, *raw;
} base64[] = {
	{"", "", ""}, {"QQ==", "A", NULL}, {"QQ", NULL, "A"}, {"QUI=", "AB", NULL}, {"QUI", NULL, "AB"}, {"QUJD", "ABC", "ABC"},
	{"QUJDRA==", "ABCD", NULL}, {"Pz8/Pj4+", "?\?\?>>>", "?\?\?>>>"}, {"QR==", NULL, NULL}, {"QR", NULL, NULL},
	{"QUJ=", NULL, NULL}, {"Q", NULL, NULL}, {"Q===", NULL, NULL}, {"====", NULL, NULL}, {"=", NULL, NULL},
	{"QQ=", NULL, NULL}, {"QQ==QQ==", NULL, NULL}, {"QUJD\n", NULL, NULL}, {"QU\nJD", NULL, NULL},
	{"QU D", NULL, NULL}, {"Pz8_", NULL, NULL}, {"Pz8-", NULL, NULL}, {"QUJDQ", NULL, NULL}, {"QUJD====", NULL, NULL},
};

static void check_base64(const char *text, bool padded, const char *expected)
{
	uint8_t out[64] = {0};
	char again[64] = "";
	size_t size;

	if (!expected) {
		ck_assert_msg(!b64_decode(text, strlen(text), padded, out, &size), "'%s' is no base64", text);
		return;
	}
	ck_assert_msg(b64_decode(text, strlen(text), padded, out, &size), "'%s' is base64", text);
	ck_assert_uint_eq(size, strlen(expected));
	ck_assert_mem_eq(out, expected, size);
	again[b64_encode(out, size, padded, again)] = 0;
	ck_assert_str_eq(again, text);
}

START_TEST(base64_is_strict)
{
	for (size_t i = 0; i < sizeof base64 / sizeof *base64; i++) {
		check_base64(base64[i].text, true, base64[i].padded);
		check_base64(base64[i].text, false, base64[i].raw);
	}
}
END_TEST

SUITE(sealed, what_a_pool_gives_is_zeroed_aligned_and_its_own, a_pool_is_in_no_core_dump, what_outgrows_its_place_is_wiped,
      texts_are_copied, the_first_fault_counts_and_is_calm, base64_is_strict)
