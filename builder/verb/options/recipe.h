/* Options of verbs that read a recipe. */
#ifndef VERB_OPTIONS_RECIPE_H
#define VERB_OPTIONS_RECIPE_H

#include "build/project.h"
#include "verb/options/options.h"

/* Read into struct project_options: --with-fakes, --allow-outside, --strict, --verbose; and --kind, where the verb does not
 * say it. */
extern const struct option recipe_options[], kind_options[];

#endif
