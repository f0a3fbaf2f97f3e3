#include "sealed/age/header.h"

#include "sealed/age/line.h"
#include "sealed/b64.h"

/* A line of the header. It must end with a line feed: behind its last line there is a payload always. */
static int header_line(struct lines *lines, struct bytes *ret_line, struct fault *fault)
{
	if (!lines_next(lines, ret_line) || !lines->ended)
		return fault_set(fault, FAULT_PARSE, 0, "it ends within its header, in line %u of it",
				 lines->number ? lines->number : 1);
	return 0;
}

static int header_wrong(const struct lines *lines, struct fault *fault, const char *what)
{
	return fault_set(fault, FAULT_PARSE, 0, "line %u of its header %s", lines->number, what);
}

/* Cuts a line at single spaces; false when an argument is empty or has something in it that is no visible ASCII. */
static bool header_args(struct pool *pool, struct bytes line, struct bytes **ret_args, size_t *ret_n)
{
	size_t from = 0, n = 0;

	*ret_args = NULL;
	for (size_t i = 0; i <= line.size; i++) {
		if (i < line.size && line.data[i] != ' ') {
			if (line.data[i] < 33 || line.data[i] > 126)
				return false;
			continue;
		}
		if (i == from)
			return false;
		*pool_push(pool, *ret_args, n) = (struct bytes){.data = line.data + from, .size = i - from};
		from = i + 1;
	}
	*ret_n = n;
	return true;
}

/* The body: full lines, and one that is shorter, and may be empty. */
static int header_body(struct pool *pool, struct lines *lines, struct bytes *ret_body, struct fault *fault)
{
	struct growing body = {.pool = pool};
	uint8_t bytes[AGE_BODY_COLUMNS];
	struct bytes line;
	size_t size;
	int r;

	do {
		r = header_line(lines, &line, fault);
		if (r < 0)
			return r;
		if (line.size > AGE_BODY_COLUMNS)
			return header_wrong(lines, fault, "is longer than 64 columns");
		if (!b64_decode((const char *)line.data, line.size, false, bytes, &size))
			return header_wrong(lines, fault, "is no base64 (a body ends with a line shorter than 64 columns)");
		growing_add(&body, bytes, size);
	} while (line.size == AGE_BODY_COLUMNS);
	*ret_body = growing_bytes(&body);
	return 0;
}

static int header_stanza(struct pool *pool, struct lines *lines, struct bytes line, struct age_header *header,
			 struct fault *fault)
{
	struct bytes rest = {.data = line.data + 3, .size = line.size - 3};
	struct age_stanza *stanza;

	if (header->n_stanzas == AGE_STANZAS_MAX)
		return fault_set(fault, FAULT_UNSUPPORTED, 0, "it has more than %d recipients", AGE_STANZAS_MAX);
	stanza = pool_push(pool, header->stanzas, header->n_stanzas);
	if (!header_args(pool, rest, &stanza->args, &stanza->n_args))
		return header_wrong(lines, fault, "has an argument that is empty or has a character that may not be there");
	return header_body(pool, lines, &stanza->body, fault);
}

/* "--- MAC". */
static int header_last(const struct lines *lines, struct bytes line, struct age_header *header, struct fault *fault)
{
	const size_t digits = 43, before = sizeof AGE_HEADER_LAST; /* with its space */
	size_t size;

	if (!bytes_begin(line, AGE_HEADER_LAST " ") || line.size != before + digits ||
	    !b64_decode((const char *)line.data + before, digits, false, header->mac, &size) || size != CRYPTO_KEY)
		return header_wrong(lines, fault, "is neither a recipient ('-> …') nor the end of the header ('--- MAC')");
	return 0;
}

static int header_first(struct lines *lines, struct fault *fault)
{
	struct bytes file = lines->rest, line;

	if (!bytes_begin(file, "age-encryption.org/"))
		return fault_set(fault, FAULT_PARSE, 0, "it is no file of age: it begins neither with 'age-encryption.org/v1' "
				 "nor with '-----BEGIN AGE ENCRYPTED FILE-----'");
	if (lines_next(lines, &line) && bytes_begin(file, AGE_HEADER_FIRST))
		return 0;
	if (lines->ended && line.size < 40 && bytes_begin(line, "age-encryption.org/v") && line.data[line.size - 1] != '\r')
		return fault_set(fault, FAULT_UNSUPPORTED, 0, "it is of another version of age: '%.*s', where v1 is known",
				 (int)line.size, (const char *)line.data);
	return header_wrong(lines, fault, "is not 'age-encryption.org/v1' and a line feed");
}

int age_header_read(struct pool *pool, struct bytes file, struct age_header *ret_header, struct fault *fault)
{
	struct age_header header = {0};
	struct lines lines = {.rest = file};
	struct bytes line;
	int r = header_first(&lines, fault);

	while (r >= 0) {
		r = header_line(&lines, &line, fault);
		if (r < 0 || !bytes_begin(line, "-> "))
			break;
		r = header_stanza(pool, &lines, line, &header, fault);
	}
	if (r >= 0)
		r = header_last(&lines, line, &header, fault);
	if (r < 0)
		return r;
	header.size = (size_t)(lines.rest.data - file.data);
	header.covered = (struct bytes){.data = file.data, .size = (size_t)(line.data - file.data) + strlen(AGE_HEADER_LAST)};
	if (header.n_stanzas == 0)
		return fault_set(fault, FAULT_NOKEYS, 0, "it is sealed to nobody: its header has no recipient");
	*ret_header = header;
	return 0;
}

void age_header_mac(const uint8_t file_key[AGE_FILE_KEY], struct bytes covered, uint8_t mac[CRYPTO_KEY])
{
	uint8_t key[CRYPTO_KEY];

	crypto_hkdf((struct bytes){.data = file_key, .size = AGE_FILE_KEY}, (struct bytes){0}, "header", key);
	crypto_hmac(key, covered, mac);
	explicit_bzero(key, sizeof key);
}
