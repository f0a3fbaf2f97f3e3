#include "machine/seed/written.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/owner.h"
#include "machine/put.h"
#include "machine/say.h"
#include "machine/seed/decoded.h"

struct written {
	struct memory *memory;
	struct remarks *remarks;
	const char *root, *instance;
	char *record;                  /* the text of the file, after a newline */
	size_t bytes;                  /* of all files so far */
};

/* --- what was written already ------------------------------------------------------------------------------------ */

static void written_read_record(struct written *written)
{
	const char *path = memory_print(written->memory, "%s" WRITTEN_FOLDER "/" WRITTEN_NAME, written->root);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	written->record = memory_take(written->memory, WRITTEN_RECORD_BYTES + 2);
	written->record[0] = '\n';
	n = fd < 0 ? 0 : read_all(fd, written->record + 1, WRITTEN_RECORD_BYTES, 0);
	written->record[n < 0 ? 1 : n + 1] = 0;
	if (fd >= 0)
		close(fd);
}

static const char *written_line(struct written *written, const char *path, unsigned number)
{
	return memory_print(written->memory, "%s\t%u\t%s\n", written->instance, number, path);
}

static bool written_is_known(struct written *written, const char *line)
{
	return strstr(written->record, memory_print(written->memory, "\n%s", line)) != NULL;
}

/* The oldest lines go where there is no room. */
static int written_note(struct written *written, const char *line)
{
	char *record = memory_print(written->memory, "%s%s", written->record, line);
	const char *folder = memory_print(written->memory, "%s" WRITTEN_FOLDER, written->root);
	int r = make_folder(folder, 0755);

	while (strlen(record + 1) > WRITTEN_RECORD_BYTES)
		record = strchr(record + 1, '\n');
	written->record = record;
	return r < 0 ? r : write_whole(folder, WRITTEN_NAME, record + 1);
}

/* --- what stands in an entry ------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	bool base64, gzip;
} encodings[] = {
	{"", false, false}, {"text/plain", false, false}, {"b64", true, false}, {"base64", true, false}, {"gz", false, true},
	{"gzip", false, true}, {"gz+base64", true, true}, {"gzip+base64", true, true}, {"gz+b64", true, true},
	{"gzip+b64", true, true},
};

/* NULL when there is nothing to say; else what is wrong with the content. */
static const char *written_content(struct written *written, const struct value *map, struct bytes *ret_bytes)
{
	const struct value *content = value_get(map, "content");
	const char *word = value_get_text(map, "encoding") ? value_get_text(map, "encoding") : "";
	size_t i = 0;
	int r = 0;

	*ret_bytes = (struct bytes){"", 0};
	if (content && content->kind != VALUE_TEXT)
		return "its content is no text";
	if (content)
		*ret_bytes = (struct bytes){content->text, content->size};
	while (i < sizeof encodings / sizeof *encodings && strcmp(encodings[i].word, word) != 0)
		i++;
	if (i == sizeof encodings / sizeof *encodings)
		return "its encoding is unknown";
	if (content && content->binary)
		r = decode_base64(written->memory, *ret_bytes, ret_bytes);
	if (r == 0 && encodings[i].base64)
		r = decode_base64(written->memory, *ret_bytes, ret_bytes);
	if (r == 0 && encodings[i].gzip)
		r = decode_gzip(written->memory, *ret_bytes, ret_bytes);
	return r == -EFBIG ? "its content is too large" : r < 0 ? "its content is not in the encoding that it names" : NULL;
}

static mode_t written_mode(struct written *written, const struct value *map)
{
	const struct value *value = value_get(map, "permissions");
	const char *text = value_text(value);
	size_t prefix = text && strncmp(text, "0o", 2) == 0 ? 2 : 0;

	if (!value)
		return 0644;
	if (text && text[prefix] && strlen(text + prefix) <= 5 && strspn(text + prefix, "01234567") == strlen(text + prefix) &&
	    strtoul(text + prefix, NULL, 8) <= 07777)
		return (mode_t)strtoul(text + prefix, NULL, 8);
	value_remark(written->remarks, value, "'%s' are no permissions: the file gets 0600", text ? text : "this");
	return 0600;
}

static const char *written_problem(const char *path)
{
	static const struct {
		const char *folder, *problem;
	} places[] = {
		{"/proc/", "that is the kernel's"}, {"/sys/", "that is the kernel's"}, {"/dev/", "that is the kernel's"},
		{"/var/lib/aether/", "that is aether-agent's own"},
	};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (strncmp(path, places[i].folder, strlen(places[i].folder)) == 0)
			return places[i].problem;
	return put_is_path(path) ? NULL : put_problem(-EINVAL);
}

/* What is there is gone at the next start. */
static bool written_is_forgotten(const char *path)
{
	return strncmp(path, "/etc/", 5) == 0 || strncmp(path, "/run/", 5) == 0 || strncmp(path, "/tmp/", 5) == 0;
}

/* --- the files --------------------------------------------------------------------------------------------------- */

/* How many entries before `map` are of the same path. */
static unsigned written_number(const struct value *list, const struct value *map, const char *path)
{
	unsigned number = 1;

	for (const struct value *other = list->first; other != map; other = other->next)
		number += value_get_text(other, "path") && strcmp(value_get_text(other, "path"), path) == 0;
	return number;
}

static void written_put(struct written *written, const struct value *map, const struct bytes *content, const char *line)
{
	struct put put = {.path = value_get_text(map, "path"), .bytes = content->bytes, .size = content->size,
			  .mode = written_mode(written, map), .append = value_truth(value_get(map, "append")) == 1};
	int r;

	if (!owner_find(written->root, value_get_text(map, "owner"), &put.uid, &put.gid))
		value_remark(written->remarks, map, "'%s' is given to root, because there is no '%s'", put.path,
			     value_get_text(map, "owner"));
	r = put_file(written->root, &put);
	if (r < 0) {
		value_remark(written->remarks, map, "'%s' is not written: %s", put.path, put_problem(r));
		return;
	}
	r = line ? written_note(written, line) : 0;
	if (r < 0)
		value_remark(written->remarks, map, "'%s' will be written again, because that it was cannot be noted: %s",
			     put.path, strerror(-r));
}

static void written_follow_one(struct written *written, const struct value *list, const struct value *map)
{
	const char *path = value_get_text(map, "path"), *problem = path ? written_problem(path) : "it has no path", *line;
	struct bytes content;

	value_remark_unknown(written->remarks, map, "path content encoding owner permissions append defer",
			     path ? path : "a file");
	if (!problem && written->bytes > WRITTEN_BYTES_MAX)
		problem = "the files before it are too large";
	if (!problem)
		problem = written_content(written, map, &content);
	if (!problem && !written->instance && !written_is_forgotten(path))
		problem = "without an instance-id nobody knows whether it was";
	if (problem) {
		value_remark(written->remarks, map, "'%s' is not written: %s", path ? path : "", problem);
		return;
	}
	written->bytes += content.size;
	line = written_is_forgotten(path) ? NULL : written_line(written, path, written_number(list, map, path));
	if (!line || !written_is_known(written, line))
		written_put(written, map, &content, line);
}

void written_follow(struct memory *memory, struct remarks *remarks, const char *root, const struct value *list,
		    const char *instance)
{
	struct written written = {.memory = memory, .remarks = remarks, .root = root};
	char *name = instance ? memory_print(memory, "%.128s", instance) : NULL;
	unsigned n = 0;

	if (!list)
		return;
	if (list->kind != VALUE_LIST) {
		value_remark(remarks, list, "'write_files' is no list");
		return;
	}
	for (char *at = name; at && *at; at++)
		if ((unsigned char)*at < ' ')
			*at = '_';
	written.instance = name;
	written_read_record(&written);
	for (const struct value *map = list->first; map; map = map->next)
		if (n++ < WRITTEN_FILES_MAX)
			written_follow_one(&written, list, map);
	if (n > WRITTEN_FILES_MAX)
		value_remark(remarks, list, "there are more than %d files: the rest is not written", WRITTEN_FILES_MAX);
}
