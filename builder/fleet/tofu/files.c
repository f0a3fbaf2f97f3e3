#include "fleet/tofu/files.h"

#include <string.h>

#include "base/file.h"
#include "edge/jval.h"
#include "fleet/tofu/images.h"

enum { TOFU_BYTES_MAX = 16 << 20 };

static bool tofu_files_is_ours(const char *path, const struct buf *text)
{
	_cleanup_jval_ struct jval *top = NULL;
	struct err problem = {0};
	const char *mark;
	bool ours;

	if (jval_read(path, text->data ? text->data : "", text->size, &top, &problem) < 0) {
		err_free(&problem);
		return false;
	}
	mark = jval_get_text(top, "//");
	ours = (mark && strcmp(mark, FILES_MARK) == 0) ||
	       (jval_get_number(top, "schema") == IMAGES_SCHEMA && jval_get(top, "images"));
	return ours;
}

/* Reads what stands there, empty for nothing. */
static int tofu_files_read(const char *path, struct buf *text, struct err *err)
{
	int r;

	if (!path_exists(path))
		return 0;
	r = file_read(path, TOFU_BYTES_MAX, text, err);
	if (r < 0 || tofu_files_is_ours(path, text))
		return r;
	err_set(err, -EEXIST, "'%s' is not a file that this program wrote, so it stays", path);
	return err_hint(err, "move it away, or write to another folder with --output FOLDER");
}

int tofu_file_check(const char *path, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};

	return tofu_files_read(path, &text, err);
}

int tofu_file_put(const char *path, const char *text, bool *ret_changed, struct err *err)
{
	_cleanup_buf_ struct buf before = {0};
	int r = tofu_files_read(path, &before, err);

	if (r < 0)
		return r;
	*ret_changed = !before.data || strcmp(before.data, text) != 0;
	return *ret_changed ? file_publish(path, text, strlen(text), 0644, err) : 0;
}
