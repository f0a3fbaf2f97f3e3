#include "machine/secrets/carrier.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "contract/secrets.h"
#include "machine/command.h"
#include "machine/say.h"
#include "machine/secrets/iso9660.h"

#define TAKEN SECRETS_STATE "/" SECRETS_TAKEN

enum { TAKEN_BYTES_MAX = 1 << 20, SETTLE_SECONDS = 60 };

/* A disc that was found. */
struct carrier {
	const char *device;            /* "/dev/sr0" */
	bool writable;
	int fd;
	struct iso9660_file file;
	struct bytes text;
};

static bool carrier_is_candidate(const char *name)
{
	static const char *const prefixes[] = {"sr", "vd", "sd", "xvd", "nvme"};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* Looks at one device; it stays open when it is the one. A text that is too large is no identity. */
static int carrier_look(const struct here *here, const char *name, struct carrier *ret_carrier)
{
	const char *device = pool_printf(here->pool, "/dev/%s", name), *path = here_path(here, device);
	char *text;
	ssize_t n;
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC), r;

	*ret_carrier = (struct carrier){.device = device, .writable = fd >= 0};
	if (fd < 0)
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = iso9660_find(fd, SECRETS_DISC_LABEL, SECRETS_IDENTITY, &ret_carrier->file);
	if (r == 0 && ret_carrier->file.size > IDENTITIES_BYTES_MAX)
		r = -EFBIG;
	if (r == 0) {
		text = pool_alloc(here->pool, ret_carrier->file.size);
		n = read_all(fd, text, ret_carrier->file.size, ret_carrier->file.offset);
		r = n < 0 ? (int)n : (size_t)n < ret_carrier->file.size ? -EIO : 0;
		ret_carrier->text = (struct bytes){(const uint8_t *)text, ret_carrier->file.size};
	}
	if (r < 0)
		close(fd);
	else
		ret_carrier->fd = fd;
	return r;
}

/* The first disc that is one. */
static int carrier_search(const struct here *here, struct carrier *ret_carrier)
{
	DIR *folder = opendir(here_path(here, "/sys/block"));
	struct dirent *entry;
	int r = -ENOENT;

	while (folder && r < 0 && (entry = readdir(folder)))
		if (carrier_is_candidate(entry->d_name))
			r = carrier_look(here, entry->d_name, ret_carrier);
	if (folder)
		closedir(folder);
	return r < 0 ? -ENOENT : 0; /* what cannot be read (an empty drive) is no disc */
}

static int carrier_await(const struct here *here, bool patient, struct carrier *ret_carrier)
{
	static const char *const settle[] = {"udevadm", "settle", "--timeout=60", NULL};
	int r = carrier_search(here, ret_carrier);

	if (r == 0 || !patient || *here->root)
		return r;
	command_run(settle, SETTLE_SECONDS + 5, NULL, 0); /* too late is as good as not there */
	return carrier_search(here, ret_carrier);
}

/* Whether the file of what was taken has a line that is `recipient`. */
static bool carrier_was_taken(struct bytes taken, const char *recipient)
{
	size_t length = strlen(recipient);

	for (const char *line = (const char *)taken.data; line && *line; line += strspn(line, "\n")) {
		size_t n = strcspn(line, "\n");

		if (n == length && strncmp(line, recipient, n) == 0)
			return true;
		line += n;
	}
	return false;
}

static void carrier_wipe(struct here *here, const struct carrier *carrier)
{
	const void *zeros = pool_alloc(here->pool, carrier->text.size);
	int r = -EROFS;

	if (carrier->writable)
		r = write_all(carrier->fd, zeros, carrier->text.size, carrier->file.offset);
	if (r == 0 && fsync(carrier->fd) < 0)
		r = -errno;
	if (r < 0)
		here_remark(here, "the disc %s labelled " SECRETS_DISC_LABEL " has the identity of this machine: take it out, "
			    "and delete it", carrier->device);
}

/* Interrupted between the two, the identity is the present one and known by itself, and written down by nobody. When it is
 * retired one day, a disc that is still there could bring it again: carrier_wipe() has told what to do with it. */
static int carrier_keep(struct here *here, const struct carrier *carrier, struct bytes taken, const char *recipient)
{
	struct growing all = {.pool = here->pool};
	struct fault fault = {0};
	int r = identities_keep(here, carrier->text, &fault);

	growing_add(&all, taken.data, taken.size);
	growing_puts(&all, recipient);
	growing_puts(&all, "\n");
	if (r == 0)
		r = here_keep(here, TAKEN, growing_bytes(&all));
	return r;
}

static void carrier_take_from(struct here *here, struct identities *keys, const struct carrier *carrier)
{
	struct age_identities given = {0};
	struct fault fault = {0};
	struct bytes taken = {0};
	const char *recipient, *zeros = pool_alloc(here->pool, carrier->text.size);
	bool replaces = keys->n_own > 0;
	int r;

	if (carrier->text.size == 0 || memcmp(carrier->text.data, zeros, carrier->text.size) == 0)
		return; /* it was taken, and overwritten */
	if (age_identities_read(here->pool, carrier->text.data, carrier->text.size, &given, &fault) < 0 || !given.count) {
		here_remark(here, "the disc %s has no identity on it: %s", carrier->device,
			    *fault.text ? fault.text : "the file is empty");
		return;
	}
	recipient = given.items[0].recipient;
	r = here_read(here, TAKEN, TAKEN_BYTES_MAX, &taken);
	r = r == -ENOENT ? 0 : r;
	if (r == 0 && !identities_have(keys, recipient) && !carrier_was_taken(taken, recipient)) {
		r = carrier_keep(here, carrier, taken, recipient);
		if (r == 0 && replaces)
			here_remark(here, "the disc %s brought another identity, %s: the one before stays until `"
				    SECRETS_PROGRAM " " SECRETS_RETIRE "`", carrier->device, recipient);
		else if (r == 0)
			say("the disc %s brought the identity %s", carrier->device, recipient);
	}
	if (r < 0) {
		here_remark(here, "the identity on the disc %s cannot be kept in " SECRETS_STATE ": %s", carrier->device,
			    strerror(-r));
		return;
	}
	identities_load(here, keys);
	carrier_wipe(here, carrier);
}

void carrier_take(struct here *here, struct identities *keys)
{
	struct carrier carrier;

	if (here->container || carrier_await(here, keys->n_own == 0, &carrier) < 0)
		return;
	carrier_take_from(here, keys, &carrier);
	close(carrier.fd);
}
