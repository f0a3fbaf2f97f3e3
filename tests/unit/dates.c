/* Files that say when they were written, with another date. */
#include "suite.h"

#include <endian.h>
#include <string.h>

#include "edge/digest.h"
#include "tree/dates.h"

#define CACERTS "/etc/ssl/certs/java/cacerts"
enum { WHEN = 1700000000, DAY = WHEN / 86400 };

START_TEST(a_password_was_changed_when_the_packages_were)
{
	static const char old[] = "root:*:20000:0:99999:7:::\naether:!:20001::::::\nno colon\ncut:x\n";
	_cleanup_buf_ struct buf text = {0}, new = {0};
	char expected[256];

	buf_puts(&text, old);
	snprintf(expected, sizeof expected, "root:*:%d:0:99999:7:::\naether:!:%d::::::\nno colon\ncut:x\n", DAY, DAY);
	ck_assert(dates_set("/etc/shadow", &text, WHEN, &new));
	ck_assert_str_eq(new.data, expected);
}
END_TEST

/* A store with one certificate, as OpenJDK writes it. */
static void put_store(struct buf *store, uint64_t date_ms, const char *password)
{
	static const char head[] = "\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1\0\0\0\2\0\3one", tail[] = "\0\5X.509\0\0\0\4cert";
	const uint64_t date = htobe64(date_ms);
	_cleanup_buf_ struct buf all = {0};
	uint8_t digest[SHA1_SIZE];

	for (const char *c = password; *c; c++)
		buf_add(&all, (const char[]){0, *c}, 2);
	buf_puts(&all, "Mighty Aphrodite");
	buf_add(store, head, sizeof head - 1);
	buf_add(store, &date, sizeof date);
	buf_add(store, tail, sizeof tail - 1);
	buf_add(&all, store->data, store->size);
	sha1_of(all.data, all.size, digest);
	buf_add(store, digest, sizeof digest);
}

START_TEST(a_certificate_was_trusted_when_the_packages_were)
{
	_cleanup_buf_ struct buf old = {0}, expected = {0}, new = {0};

	put_store(&old, 1795783985334, "changeit");
	put_store(&expected, WHEN * 1000ULL, "changeit");
	ck_assert(dates_set(CACERTS, &old, WHEN, &new));
	ck_assert_uint_eq(new.size, expected.size);
	ck_assert_int_eq(memcmp(new.data, expected.data, new.size), 0);
}
END_TEST

START_TEST(what_is_in_another_form_is_left_alone)
{
	_cleanup_buf_ struct buf locked = {0}, text = {0}, none = {0}, new = {0};

	put_store(&locked, 1, "other");
	buf_puts(&text, "root:*:1:");
	ck_assert(!dates_set(CACERTS, &locked, WHEN, &new));
	ck_assert(!dates_set(CACERTS, &text, WHEN, &new));
	ck_assert(!dates_set(CACERTS, &none, WHEN, &new));
	ck_assert(!dates_set("/etc/passwd", &text, WHEN, &new));
	ck_assert_uint_eq(new.size, 0);
}
END_TEST

SUITE(dates, a_password_was_changed_when_the_packages_were, a_certificate_was_trusted_when_the_packages_were,
      what_is_in_another_form_is_left_alone)
