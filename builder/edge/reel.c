#include "edge/reel.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "edge/intake.h"

struct reel {
	struct intake intake;
};

int reel_open(const char *path, uint64_t max_bytes, struct reel **ret_reel, struct err *err)
{
	struct reel *reel = calloc(1, sizeof *reel);
	int r;

	if (!reel)
		return err_no_memory(err);
	r = intake_open(path, max_bytes, &reel->intake, err);
	if (r < 0) {
		reel_close(reel);
		return err_wrap(err, "while opening '%s'", path);
	}
	*ret_reel = reel;
	return 0;
}

int reel_find(struct reel *reel, const char *name, uint64_t size, struct err *err)
{
	struct archive_entry *entry;
	const char *found;
	int r;

	while ((r = intake_next(&reel->intake, &entry, &found, err)) > 0) {
		r = intake_announce(&reel->intake, entry, err);
		if (r < 0)
			return r;
		if (strcmp(found, name) != 0)
			continue;
		return archive_entry_size(entry) == (int64_t)size
			       ? 0
			       : err_set(err, -EBADMSG, "'%s' in the archive has another size than its list says", name);
	}
	return r < 0 ? r : err_set(err, -EBADMSG, "the archive has no member '%s' where its list says so", name);
}

int reel_read(struct reel *reel, void *out, size_t size, struct err *err)
{
	for (size_t have = 0; have < size;) {
		la_ssize_t n = archive_read_data(reel->intake.archive, (char *)out + have, size - have);

		if (n <= 0)
			return err_set(err, -EBADMSG, "the archive cannot be read: %s",
				       n < 0 ? archive_error_string(reel->intake.archive) : "a member ends early");
		have += (size_t)n;
	}
	return 0;
}

void reel_close(struct reel *reel)
{
	if (reel)
		intake_close(&reel->intake);
	free(reel);
}
