#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxmoxes.h"
#include "scratch.h"

struct config proxmoxes_config(const char *json)
{
	_cleanup_jval_ struct jval *data = NULL;
	struct err err = {0};

	ck_assert_msg(jval_read("the test", json, strlen(json), &data, &err) == 0, "%s", json);
	return config_read(scratch_arena(), data);
}

const char *proxmoxes_said(struct err *err)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	err_print(err, out);
	fclose(out);
	err_free(err);
	return scratch_own(text);
}

void proxmoxes_refused(int r, int code, struct err *err, const char *words)
{
	const char *said;

	ck_assert_uint_eq(err->count, r < 0);
	said = proxmoxes_said(err);
	ck_assert_msg(r == code, "%d, not %d: %s", r, code, said);
	ck_assert_msg(strstr(said, words) != NULL, "there is no \"%s\" in:\n%s", words, said);
}
