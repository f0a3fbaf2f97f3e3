#include <stdio.h>
#include <string.h>

#include "tars.h"

static void put_octal(unsigned char *field, int digits, unsigned long long value)
{
	while (digits--) {
		field[digits] = (unsigned char)('0' + value % 8);
		value /= 8;
	}
}

void tars_put_member(struct buf *tar, const struct member *m)
{
	size_t size = (m->type == '0' || m->type == 'x') && m->text ? strlen(m->text) : 0;
	unsigned char header[512] = {0};
	unsigned sum = 8 * ' ';

	snprintf((char *)header, 100, "%s", m->name);
	put_octal(header + 100, 7, m->mode ? m->mode : 0644);
	put_octal(header + 108, 7, m->uid);
	put_octal(header + 116, 7, m->uid);
	put_octal(header + 124, 11, m->claims ? m->claims : size);
	put_octal(header + 136, 11, 1000000000);
	header[156] = (unsigned char)m->type;
	if (m->type == '1' || m->type == '2')
		snprintf((char *)header + 157, 100, "%s", m->text);
	memcpy(header + 257, "ustar\00000", 8);
	put_octal(header + 329, 7, 1); /* device 1:5, zero */
	put_octal(header + 337, 7, 5);
	for (int i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? 0 : header[i];
	put_octal(header + 148, 6, sum);
	buf_add(tar, header, 512);
	buf_add(tar, m->text ? m->text : "", size);
	buf_align(tar, 512);
}

void tars_put(struct buf *tar, const struct member *members, size_t n)
{
	static const char end[1024];

	for (size_t i = 0; i < n; i++)
		tars_put_member(tar, &members[i]);
	buf_add(tar, end, sizeof end);
}

void tars_put_ar(struct buf *ar, const char *name, const void *data, size_t size)
{
	if (ar->size == 0)
		buf_puts(ar, "!<arch>\n");
	buf_printf(ar, "%-16s%-12s%-6s%-6s%-8s%-10zu`\n", name, "0", "0", "0", "100644", size);
	buf_add(ar, data, size);
	if (size % 2)
		buf_puts(ar, "\n");
}

void tars_put_deb(struct buf *deb, const struct member *members, size_t n)
{
	static const struct member control[] = {
		{'5', "./", NULL, 0755, 0, 0}, {'0', "./control", "Package: evil\nVersion: 1\n", 0644, 0, 0},
	};
	_cleanup_buf_ struct buf tar = {0}, data = {0};

	tars_put(&tar, control, 2);
	tars_put(&data, members, n);
	tars_put_ar(deb, "debian-binary", "2.0\n", 4);
	tars_put_ar(deb, "control.tar", tar.data, tar.size);
	tars_put_ar(deb, "data.tar", data.data, data.size);
}
