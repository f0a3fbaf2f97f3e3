/* Files that recipes name, and those they were read from. */
#ifndef RECIPE_SOURCE_FILE_H
#define RECIPE_SOURCE_FILE_H

#include "recipe/decode.h"

/* The document a position lies in; never NULL. */
const struct document *source_file_document(const struct decoder *decoder, const struct pos *pos);

/* The absolute path of the file that `node` names relative to its own document; NULL (with an error) when it does not exist or
 * lies outside the repository. */
const char *source_file_find(struct decoder *decoder, const struct node *node, const char *path);

/* The same for a file that may be missing: then the path where it would be. */
const char *source_file_maybe(struct decoder *decoder, const struct node *node, const char *path, bool *ret_there);

/* A URL that means a file of this machine (file:///) is held to the same: an error when that lies outside the repository. A
 * file that is missing is none: it may have been fetched. */
void source_file_check_url(struct decoder *decoder, const struct node *node, const char *path);

/* What a file is called on every host: its path below the repository's root, or, of what is shipped, SHIPPED and its
 * path there; else its absolute path. In the decoder's arena. */
const char *source_file_name(struct decoder *decoder, const char *path);

/* What messages call the file at `path`, which the file that they call `by` named as `text`. In the decoder's arena. */
const char *source_file_shown(struct decoder *decoder, const char *by, const char *text, const char *path);

/* Adds a file that was read to the recipe's inputs; once, however often it is named. */
void source_file_add(struct decoder *decoder, const char *path, const char *sha256, bool language);

/* source_file_find(), and the file with its digest becomes one of the recipe's inputs. */
const char *source_file_own(struct decoder *decoder, const struct node *node, const char *path);

#endif
