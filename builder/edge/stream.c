#include "edge/stream.h"

#include <archive.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "edge/intake.h"

struct stream {
	struct archive *archive;
	char *path;
	uint64_t left; /* bytes that may still come out */
	bool ended;    /* there was nothing in it */
};

static int stream_failed(const struct stream *stream, struct err *err)
{
	const char *said = archive_error_string(stream->archive);

	return err_set(err, -EBADMSG, "cannot decompress '%s': %s", stream->path, said ? said : "damaged");
}

int stream_open(const char *path, uint64_t max_bytes, struct stream **ret_stream, struct err *err)
{
	struct stream *stream = calloc(1, sizeof *stream);
	struct archive_entry *entry;
	int r = 0;

	if (stream)
		*stream = (struct stream){.archive = archive_read_new(), .path = strdup(path), .left = max_bytes};
	if (!stream || !stream->archive || !stream->path) {
		stream_close(stream);
		return err_no_memory(err);
	}
	/* "raw" takes any bytes as one nameless member, "empty" takes none at all. */
	if (intake_compressions(stream->archive) < ARCHIVE_WARN ||
	    archive_read_support_format_raw(stream->archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(stream->archive) != ARCHIVE_OK ||
	    archive_read_open_filename(stream->archive, path, 1 << 18) != ARCHIVE_OK ||
	    (r = archive_read_next_header(stream->archive, &entry)) < ARCHIVE_OK)
		r = stream_failed(stream, err);
	stream->ended = r == ARCHIVE_EOF;
	if (r < 0)
		stream_close(stream);
	else
		*ret_stream = stream;
	return r < 0 ? r : 0;
}

bool stream_is_packed(const struct stream *stream)
{
	return archive_filter_code(stream->archive, 0) != ARCHIVE_FILTER_NONE;
}

ptrdiff_t stream_read(struct stream *stream, void *out, size_t size, struct err *err)
{
	la_ssize_t n = stream->ended ? 0 : archive_read_data(stream->archive, out, size);

	if (n < 0)
		return stream_failed(stream, err);
	if ((uint64_t)n > stream->left)
		return err_set(err, -EFBIG, "'%s' decompresses to more data than expected", stream->path);
	stream->left -= (uint64_t)n;
	return n;
}

void stream_close(struct stream *stream)
{
	if (!stream)
		return;
	archive_read_free(stream->archive);
	free(stream->path);
	free(stream);
}
