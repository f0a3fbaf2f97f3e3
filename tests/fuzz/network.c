/* network_read(), networkd_files(): a seed's network-config. What comes of it are files of systemd, line for line: no value
 * may have become a line, a section or a path. */
#include "machine/seed/network.h"
#include "machine/seed/networkd.h"
#include "fuzz.h"

static void check_line(const char *line, size_t n)
{
	const char *equals = memchr(line, '=', n);

	for (size_t i = 0; i < n; i++)
		ensure((unsigned char)line[i] >= ' ' && (unsigned char)line[i] < 0x7f);
	if (n == 0)
		return;
	ensure(line[0] == '[' ? line[n - 1] == ']' && !equals : equals && equals > line);
	ensure(line[0] >= 'A' && line[0] <= '[');
}

static void check_file(const struct networkd_file *file)
{
	ensure(strlen(file->name) < 64 && !strchr(file->name, '/') && strncmp(file->name, "10-seed", 7) == 0);
	ensure(file->text[0] == '[' && file->text[strlen(file->text) - 1] == '\n');
	for (const char *line = file->text; *line; line += strcspn(line, "\n") + 1)
		check_line(line, strcspn(line, "\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct networkd_file files[NETWORKD_FILES_MAX];
	struct memory memory = {NULL};
	struct remarks remarks = {.n = 0};
	struct network *network = calloc(1, sizeof *network);
	size_t n;

	ensure(network);
	network->memory = &memory;
	network->remarks = &remarks;
	network_read(network, values_read(&memory, &remarks, "network-config", (const char *)data, size));
	n = networkd_files(network, files);
	ensure(n <= NETWORKD_FILES_MAX);
	for (size_t i = 0; i < n; i++)
		check_file(&files[i]);
	for (size_t i = 0; i < remarks.n; i++)
		ensure(strlen(remarks.lines[i]) < REMARK_BYTES && !strpbrk(remarks.lines[i], "\n\r\t\033"));
	free(network);
	memory_free(&memory);
	remarks_free(&remarks);
	return 0;
}
