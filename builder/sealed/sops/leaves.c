#include "sealed/sops/leaves.h"

#include <stdio.h>
#include <string.h>

#include "sealed/sops/details.h"
#include "sealed/sops/utf8.h"

bool sops_is_utf8(struct bytes text)
{
	for (size_t i = 0, n; i < text.size; i += n) {
		n = sops_utf8_size(text.data + i, text.size - i);
		if (n == 0)
			return false;
	}
	return true;
}

/* What has to be escaped: controls, those beyond ASCII, too, and what YAML takes for the end of a line or for none of its
 * characters. `size` is that of the character. */
static void leaves_escape(struct growing *out, const uint8_t *c, size_t size)
{
	uint32_t number = size == 2 ? (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu) : *c;
	char escaped[8];

	if (size == 3)
		number = (c[0] & 0x0fu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu);
	if (*c == '"' || *c == '\\')
		snprintf(escaped, sizeof escaped, "\\%c", *c);
	else if (*c == '\n' || *c == '\t' || *c == '\r')
		snprintf(escaped, sizeof escaped, "\\%c", *c == '\n' ? 'n' : *c == '\t' ? 't' : 'r');
	else if (size < 4 && (number < 0x20 || (number >= 0x7f && number < 0xa0) || number == 0x2028 || number == 0x2029 ||
			      number == 0xfeff || number >= 0xfffe))
		snprintf(escaped, sizeof escaped, "\\u%04x", number);
	else
		*escaped = '\0';
	if (*escaped)
		growing_puts(out, escaped);
	else
		growing_add(out, c, size);
}

void sops_json_quote(struct growing *out, struct bytes text)
{
	growing_puts(out, "\"");
	for (size_t i = 0, n; i < text.size; i += n) {
		n = sops_utf8_size(text.data + i, text.size - i);
		if (n == 0) /* of keys that are no UTF-8 either */
			growing_puts(out, "\xef\xbf\xbd");
		else
			leaves_escape(out, text.data + i, n);
		n += n == 0;
	}
	growing_puts(out, "\"");
}

static void leaves_value(struct growing *out, struct bytes value)
{
	char digits[3];

	growing_puts(out, sops_is_utf8(value) ? ",\"text\":" : ",\"hex\":\"");
	if (sops_is_utf8(value)) {
		sops_json_quote(out, value);
		return;
	}
	for (size_t i = 0; i < value.size; i++) {
		snprintf(digits, sizeof digits, "%02x", value.data[i]);
		growing_puts(out, digits);
	}
	growing_puts(out, "\"");
}

/* Go makes no difference between strings and bytes once they are read. */
static void leaves_leaf(struct growing *out, const struct sops_file *file, const struct sops_leaf *leaf)
{
	char number[24];

	growing_puts(out, "{\"path\":[");
	for (size_t i = 0; i < leaf->n_path; i++) {
		const char *key = leaf->path[i].key;

		growing_puts(out, i ? "," : "");
		snprintf(number, sizeof number, "%zu", leaf->path[i].index);
		if (key)
			sops_json_quote(out, (struct bytes){.data = (const uint8_t *)key, .size = strlen(key)});
		else
			growing_puts(out, number);
	}
	growing_puts(out, "],\"type\":\"");
	growing_puts(out, leaf->type == SOPS_BYTES ? sops_type_name(SOPS_STR) : sops_type_name(leaf->type));
	growing_puts(out, leaf->encrypted ? "\",\"encrypted\":true" : "\",\"encrypted\":false");
	if (leaf->type != SOPS_NULL && (file->opened || !leaf->cipher))
		leaves_value(out, leaf->value);
	growing_puts(out, "}");
}

void sops_leaves_print(struct pool *pool, const struct sops_file *file, struct bytes *ret_json)
{
	struct growing out = {.pool = pool};
	size_t document = 0;

	growing_puts(&out, "{\"documents\":[[");
	for (size_t i = 0; i < file->n_leaves; i++) {
		bool first = i == 0 || file->leaves[i - 1].document != file->leaves[i].document;

		for (; document < file->leaves[i].document; document++)
			growing_puts(&out, "],[");
		growing_puts(&out, first ? "\n" : ",\n");
		leaves_leaf(&out, file, &file->leaves[i]);
	}
	for (; document + 1 < file->details->tree.n_documents; document++)
		growing_puts(&out, "],[");
	growing_puts(&out, "\n]]}\n");
	*ret_json = growing_bytes(&out);
}
