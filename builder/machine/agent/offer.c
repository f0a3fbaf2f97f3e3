#include "machine/agent/offer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/box.h"
#include "machine/hex.h"
#include "machine/say.h"

enum { TEXT_MAX = 64 << 10 };
#define FILE_MAX (UINT64_C(1) << 30)

static const char *const names[N_OBJECTS] = {OFFER_OBJECTS(OFFER_OBJECT_WORD)};
static const uint64_t max_bytes[N_OBJECTS] = {
	[OBJECT_ROOT] = TREE_DATA_MAX * BLOCK_BYTES,
	[OBJECT_UKI] = FILE_MAX,
	[OBJECT_LINUX] = FILE_MAX,
	[OBJECT_INITRD] = FILE_MAX,
	[OBJECT_GRUB_A] = TEXT_MAX,
	[OBJECT_GRUB_B] = TEXT_MAX,
};

const char *offer_name(enum offer_object object)
{
	return names[object];
}

/* Cuts the next word off. NULL when there is none. */
static char *offer_next_word(char **line)
{
	char *word = *line ? strsep(line, " ") : NULL;

	return word && *word ? word : NULL;
}

static bool offer_read_number(const char *word, uint64_t max, uint64_t *ret_number)
{
	char *end;

	if (!word || *word < '0' || *word > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(word, &end, 10);
	return errno == 0 && *end == 0 && *ret_number <= max;
}

static bool offer_read_hash(const char *word, uint8_t hash[HASH_BYTES])
{
	return word && hex_parse(word, strlen(word), hash, HASH_BYTES) == 0;
}

/* --- a line each: false, and in `why` what is wrong with it ---------------------------------------------------------- */

struct line {
	const char *key;
	char *rest;                    /* behind the key and its space */
	struct offer *offer;
	char *why;
	size_t why_size;
};

__attribute__((format(printf, 2, 3))) static bool offer_refuse(const struct line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line->why, line->why_size, format, arguments);
	va_end(arguments);
	return false;
}

static bool offer_read_unsigned(const struct line *line, unsigned *ret_number)
{
	uint64_t number;

	if (!offer_read_number(line->rest, 999999999, &number))
		return offer_refuse(line, "protocol error: expected a number for '%s'", line->key);
	*ret_number = (unsigned)number;
	return true;
}

static bool offer_read_text(const struct line *line, char *out, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
	const char *text = line->rest;

	if (!*text || *text == '.' || strlen(text) >= size || text[strspn(text, letters)])
		return offer_refuse(line, "protocol error: not a valid '%s'", line->key);
	strcpy(out, text);
	return true;
}

static bool offer_parse_version(const struct line *line)
{
	unsigned version = 0;

	if (!offer_read_unsigned(line, &version))
		return false;
	line->offer->is_tree = version == OFFER_VERSION_TREE;
	return version == OFFER_VERSION || version == OFFER_VERSION_TREE ||
	       offer_refuse(line,
			    "the builder uses version %u of the protocol, this machine version %d: use an aether-build as "
			    "old as the machine's image",
			    version, OFFER_VERSION_TREE);
}

static bool offer_parse_name(const struct line *line)
{
	return offer_read_text(line, line->offer->name, sizeof line->offer->name);
}

static bool offer_parse_kind(const struct line *line)
{
	return offer_read_text(line, line->offer->kind, sizeof line->offer->kind);
}

static bool offer_parse_tree(const struct line *line)
{
	char *rest = line->rest;
	uint64_t *size_bytes = &line->offer->objects[OBJECT_ROOT].size_bytes;

	return (offer_read_number(offer_next_word(&rest), LIST_BYTES_MAX, size_bytes) && *size_bytes &&
		offer_read_hash(offer_next_word(&rest), line->offer->objects[OBJECT_ROOT].root_hash) && !rest) ||
	       offer_refuse(line, "protocol error: expected the size and digest of the tree's list");
}

static bool offer_parse_format(const struct line *line)
{
	return offer_read_unsigned(line, &line->offer->format);
}

static bool offer_parse_generation(const struct line *line)
{
	return offer_read_unsigned(line, &line->offer->generation);
}

static bool offer_parse_salt(const struct line *line)
{
	return offer_read_hash(line->rest, line->offer->salt) ||
	       offer_refuse(line, "protocol error: expected the salt");
}

static bool offer_parse_object(const struct line *line, enum offer_object object)
{
	char *rest = line->rest;
	const char *name = offer_next_word(&rest);
	uint64_t *size_bytes = &line->offer->objects[object].size_bytes;

	if (!name || strcmp(name, names[object]) != 0 ||
	    !offer_read_number(offer_next_word(&rest), max_bytes[object], size_bytes) ||
	    !offer_read_hash(offer_next_word(&rest), line->offer->objects[object].root_hash) || rest ||
	    *size_bytes == 0)
		return offer_refuse(line, "protocol error: expected the size and hash of '%s'", names[object]);
	return object != OBJECT_ROOT || *size_bytes % BLOCK_BYTES == 0 ||
	       offer_refuse(line, "protocol error: the size of the root image is not a multiple of a block");
}

/* --- all of them ------------------------------------------------------------------------------------------------------ */

/* What stands before the objects, or all there is of a tree. */
struct offer_key {
	const char *key;
	bool (*parse)(const struct line *line);
};
static const struct offer_key keys[] = {
	{OFFER_TAKE, offer_parse_version},
	{OFFER_NAME, offer_parse_name},
	{OFFER_KIND, offer_parse_kind},
	{OFFER_FORMAT, offer_parse_format},
	{OFFER_GENERATION, offer_parse_generation},
	{OFFER_SALT, offer_parse_salt},
};
static const struct offer_key tree_key = {OFFER_TREE, offer_parse_tree};
enum { N_KEYS = sizeof keys / sizeof *keys };

static int offer_end(const struct line *line, const char *text)
{
	if (!*text)
		return 1;
	offer_refuse(line, "protocol error: unexpected line after the offer: '%.40s'", text);
	return -EINVAL;
}

int offer_line(struct offer *offer, unsigned number, char *text, char *why, size_t size)
{
	bool tree = offer->is_tree && number == N_KEYS - 1;
	const struct offer_key *key = tree ? &tree_key : number < N_KEYS ? &keys[number] : NULL;
	struct line line = {.key = key ? key->key : OFFER_OBJECT, .offer = offer, .why = why, .why_size = size};
	char *rest = text;
	const char *word;
	bool good;

	if (number == N_KEYS + (offer->is_tree ? 0 : N_OBJECTS))
		return offer_end(&line, text);
	word = offer_next_word(&rest);
	if (!word || strcmp(word, line.key) != 0) {
		offer_refuse(&line, "protocol error: expected '%s', got '%.40s'", line.key, text);
		return -EINVAL;
	}
	line.rest = rest ? rest : text + strlen(text);
	good = key ? key->parse(&line) : offer_parse_object(&line, number - N_KEYS);
	return good ? 0 : -EINVAL;
}

void offer_read(struct talk *talk, struct offer *ret_offer)
{
	char line[TALK_LINE_MAX], why[TALK_LINE_MAX];
	struct offer offer = {0};
	int r = 0;

	for (unsigned number = 0; r == 0; number++) {
		talk_line(talk, line);
		r = offer_line(&offer, number, line, why, sizeof why);
	}
	if (r < 0)
		die("%s", why);
	*ret_offer = offer;
}
