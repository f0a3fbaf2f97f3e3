/* Texts of OpenTofu's JSON (opentofu.org/docs/language/syntax/json): every string there is a template. */
#ifndef FLEET_TOFU_EXPRESSION_H
#define FLEET_TOFU_EXPRESSION_H

#include <stdbool.h>

#include "base/arena.h"

/* The template that gives `text` as it is; in `arena`. */
const char *expression_literal(struct arena *arena, const char *text);

/* The template that puts the same facts into a text as a recipe's value does: `written` is what node->written of edge/yaml.h
 * has, and `local` the local value that has the facts: "${facts.a.0}/24" becomes "${local.NAME.a[0]}/24". In `arena`. */
const char *expression_of_facts(struct arena *arena, const char *written, const char *local);

/* Whether `text` is one or more identifiers with dots between them. */
bool expression_is_path(const char *text);

/* `base` and a part of it: "x.name", "x[7]", or "x[\"7up\"]" where the name is no identifier; in `arena`. */
const char *expression_part(struct arena *arena, const char *base, const char *name);

#endif
