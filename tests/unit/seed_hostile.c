/* Documents of a seed by whoever means harm: each ends with a remark, and soon. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "machine/seed/links.h"
#include "scratch.h"
#include "seeds.h"

static const char *repeated(const char *head, const char *text, unsigned times)
{
	size_t n = strlen(head), one = strlen(text);
	char *all = scratch_own(calloc(1, n + one * times + 1));

	ck_assert_ptr_nonnull(all);
	memcpy(all, head, n);
	for (unsigned i = 0; i < times; i++)
		memcpy(all + n + i * one, text, one);
	return all;
}

static const struct {
	const char *head, *text;
	unsigned times;
	const char *remarks;
} hostile[] = {
	{"", "[", 100000, "network-config:1: it is nested too deeply, so nothing of it is followed\n"},
	{"", "- a\n", 20000, "network-config:16384: there are too many values, so nothing of it is followed\n"},
	{"", "- &a x\n", 100, "network-config:65: there are too many anchors, so nothing of it is followed\n"},
	{"", "- *a\n", 1, "network-config:1: an alias has no anchor before it, so nothing of it is followed\n"},
	{"- &a [", "*a", 1, "network-config:1: an alias has no anchor before it, so nothing of it is followed\n"},
	{"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
	 "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", "", 0,
	 "network-config:5: there are too many values, so nothing of it is followed\n"},
	{"x: ", "y", (1 << 20) + 1, "network-config: it is larger than 1024 KiB, so nothing of it is followed\n"},
	{"{[a]: b}", "", 0, "network-config:1: a key is no text, so nothing of it is followed\n"},
	{"a: \"b\\0c\"", "", 0, "network-config:1: there is a NUL in a text, so nothing of it is followed\n"},
	{"version: 1\nconfig:\n- type: nameserver\n  address:\n", "  - 192.0.2.1\n", 5000, ""},
	{"version: 2\nversion: [", "", 0,
	 "network-config:3: did not find expected node content, so nothing of it is followed\n"},
};

START_TEST(a_hostile_document_ends_with_a_remark)
{
	const char *remarks;

	seeds_network(repeated(hostile[_i].head, hostile[_i].text, hostile[_i].times), &remarks);
	ck_assert_str_eq(remarks, hostile[_i].remarks);
}
END_TEST

/* More of everything than anybody has. */
START_TEST(there_are_only_so_many_links)
{
	const char *text = "version: 2\nethernets:\n", *remarks;

	for (unsigned i = 0; i < LINKS_MAX + 9; i++)
		text = arena_printf(scratch_arena(), "%s  e%u: {dhcp4: true}\n", text, i);
	text = seeds_network(text, &remarks);
	ck_assert_ptr_nonnull(strstr(text, "Name=e63\n"));
	ck_assert_ptr_null(strstr(text, "Name=e64\n"));
	ck_assert_ptr_nonnull(strstr(remarks, "network-config:67: there are more than 64 links: the rest is not followed\n"));
}
END_TEST

LOOP_SUITE(seed_hostile, a_hostile_document_ends_with_a_remark, sizeof hostile / sizeof *hostile)
SUITE(seed_many, there_are_only_so_many_links)
