#include "sealed/sops/enc.h"

#include <string.h>

#include "sealed/b64.h"

bool sops_base64_read(struct pool *pool, const char *text, size_t size, struct bytes *ret_bytes)
{
	uint8_t *out = pool_alloc(pool, size / 4 * 3 + 2);

	ret_bytes->data = out;
	return b64_decode(text, size, true, out, &ret_bytes->size);
}

char *sops_base64_text(struct pool *pool, struct bytes bytes)
{
	char *text = pool_alloc(pool, B64_SIZE(bytes.size));

	b64_encode(bytes.data, bytes.size, true, text);
	return text;
}

/* What stands up to the next comma, or up to the end. */
static bool enc_field(struct bytes *rest, const char *name, struct bytes *ret_field)
{
	size_t size = strlen(name);
	const uint8_t *comma;

	if (rest->size < size || memcmp(rest->data, name, size) != 0)
		return false;
	rest->data += size;
	rest->size -= size;
	comma = memchr(rest->data, ',', rest->size);
	*ret_field = (struct bytes){.data = rest->data, .size = comma ? (size_t)(comma - rest->data) : rest->size};
	rest->data += ret_field->size + (comma ? 1 : 0);
	rest->size -= ret_field->size + (comma ? 1 : 0);
	return ret_field->size > 0;
}

static bool enc_type(struct bytes name, enum sops_type *ret_type)
{
	for (int type = SOPS_STR; type <= SOPS_COMMENT; type++) {
		const char *known = sops_type_name((enum sops_type)type);

		if (type != SOPS_NULL && strlen(known) == name.size && memcmp(known, name.data, name.size) == 0) {
			*ret_type = (enum sops_type)type;
			return true;
		}
	}
	return false;
}

static int enc_form(const char *what, unsigned line, const char *problem, struct fault *fault)
{
	return fault_set(fault, FAULT_PARSE, line, "%s is no ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]: %s", what, problem);
}

int sops_enc_read(struct pool *pool, struct bytes text, const char *what, unsigned line, struct sops_enc *ret_enc,
		  struct fault *fault)
{
	struct bytes rest = text, fields[4] = {0}, *const out[] = {&ret_enc->data, &ret_enc->iv, &ret_enc->tag};
	static const char *const names[] = {"data:", "iv:", "tag:", "type:"};

	if (text.size < sizeof SOPS_ENC || memcmp(text.data, SOPS_ENC, strlen(SOPS_ENC)) != 0)
		return enc_form(what, line, "it begins otherwise", fault);
	if (text.data[text.size - 1] == '\r')
		return enc_form(what, line, "its line ends as on Windows (CR LF)", fault);
	if (text.data[text.size - 1] != ']')
		return enc_form(what, line, "it does not end with ']'", fault);
	rest.data += strlen(SOPS_ENC);
	rest.size -= strlen(SOPS_ENC) + 1;
	for (size_t i = 0; i < 4; i++) {
		if (!enc_field(&rest, names[i], &fields[i]))
			return enc_form(what, line, "its parts are not these", fault);
	}
	if (rest.size)
		return enc_form(what, line, "it has more parts", fault);
	for (size_t i = 0; i < 3; i++) {
		if (!sops_base64_read(pool, (const char *)fields[i].data, fields[i].size, out[i]))
			return enc_form(what, line, "there is no base64 in it", fault);
	}
	if (!enc_type(fields[3], &ret_enc->type))
		return fault_set(fault, FAULT_TYPE, line, "%s is of a type that nobody knows: '%.*s'", what,
				 (int)(fields[3].size > 40 ? 40 : fields[3].size), (const char *)fields[3].data);
	if (ret_enc->tag.size != 16)
		return fault_set(fault, FAULT_CIPHER, line, "%s has a tag of %zu bytes, where it is 16", what,
				 ret_enc->tag.size);
	return 0;
}

char *sops_enc_text(struct pool *pool, const struct sops_enc *enc)
{
	return pool_printf(pool, SOPS_ENC "data:%s,iv:%s,tag:%s,type:%s]", sops_base64_text(pool, enc->data),
			   sops_base64_text(pool, enc->iv), sops_base64_text(pool, enc->tag), sops_type_name(enc->type));
}
