#include "agent/offer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/hex.h"

enum { TEXT_MAX = 64 << 10 };
static const uint64_t FILE_MAX = 1ULL << 30;

static const struct {
	const char *name;
	uint64_t max_bytes;
} objects[N_OBJECTS] = {
	[OBJECT_ROOT] = {"root", TREE_DATA_MAX * BLOCK_BYTES},
	[OBJECT_UKI] = {"uki", FILE_MAX},
	[OBJECT_LINUX] = {"linux", FILE_MAX},
	[OBJECT_INITRD] = {"initrd", FILE_MAX},
	[OBJECT_GRUB_A] = {"grub-a", TEXT_MAX},
	[OBJECT_GRUB_B] = {"grub-b", TEXT_MAX},
};

const char *offer_name(enum offer_object object)
{
	return objects[object].name;
}

/* Cuts the next word off. NULL when there is none. */
static char *next_word(char **line)
{
	char *word = *line ? strsep(line, " ") : NULL;

	return word && *word ? word : NULL;
}

static bool read_number(const char *word, uint64_t max, uint64_t *ret_number)
{
	char *end;

	if (!word || *word < '0' || *word > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(word, &end, 10);
	return errno == 0 && *end == 0 && *ret_number <= max;
}

static bool read_hash(const char *word, uint8_t hash[HASH_BYTES])
{
	return word && hex_parse(word, strlen(word), hash, HASH_BYTES) == 0;
}

/* The line that begins with the word `key`; the rest of it. */
static char *expect(struct talk *talk, char line[TALK_LINE_MAX], const char *key)
{
	char *rest = line;
	const char *word;

	talk_line(talk, line);
	word = next_word(&rest);
	if (!word || strcmp(word, key) != 0)
		die("the builder was to say '%s', and said '%.40s'", key, line);
	return rest ? rest : line + strlen(line);
}

static void read_text(struct talk *talk, const char *key, char *out, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
	char line[TALK_LINE_MAX], *rest = expect(talk, line, key);

	if (!*rest || *rest == '.' || strlen(rest) >= size || rest[strspn(rest, letters)])
		die("the builder says no '%s' that we can take", key);
	strcpy(out, rest);
}

static unsigned read_unsigned(struct talk *talk, const char *key)
{
	char line[TALK_LINE_MAX], *rest = expect(talk, line, key);
	uint64_t number;

	if (!read_number(rest, 999999999, &number))
		die("the builder says no number for '%s'", key);
	return (unsigned)number;
}

static void read_object(struct talk *talk, struct offer *offer, enum offer_object object)
{
	char line[TALK_LINE_MAX], *rest = expect(talk, line, "object");
	const char *name = next_word(&rest);

	if (!name || strcmp(name, objects[object].name) != 0 ||
	    !read_number(next_word(&rest), objects[object].max_bytes, &offer->objects[object].size_bytes) ||
	    !read_hash(next_word(&rest), offer->objects[object].root_hash) || rest || offer->objects[object].size_bytes == 0)
		die("the builder does not say what '%s' is", objects[object].name);
}

void offer_read(struct talk *talk, struct offer *ret_offer)
{
	char line[TALK_LINE_MAX];
	struct offer offer = {0};
	unsigned version = read_unsigned(talk, "aether-take");

	if (version != OFFER_VERSION)
		die("the builder speaks version %u of this conversation, this machine version %d: use an "
		    "aether-build of the machine's age",
		    version, OFFER_VERSION);
	read_text(talk, "name", offer.name, sizeof offer.name);
	read_text(talk, "kind", offer.kind, sizeof offer.kind);
	offer.format = read_unsigned(talk, "format");
	offer.generation = read_unsigned(talk, "generation");
	if (!read_hash(expect(talk, line, "salt"), offer.salt))
		die("the builder does not say what the salt is");
	for (unsigned i = 0; i < N_OBJECTS; i++)
		read_object(talk, &offer, i);
	if (offer.objects[OBJECT_ROOT].size_bytes % BLOCK_BYTES)
		die("the builder offers a root image that does not end with a block");
	talk_line(talk, line);
	if (*line)
		die("the builder says more than an offer: '%.40s'", line);
	*ret_offer = offer;
}
