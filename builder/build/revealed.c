#include "build/revealed.h"

#include "base/log.h"
#include "keeper/operator.h"
#include "keeper/source.h"

/* Without sops(1), which would ask servers and people for keys. */
static int revealed_value(struct sources *sources, const struct recipe_secret *secret, struct bytes *value, struct err *err)
{
	const struct sops_file *file;
	struct bytes text;
	int r = secret->json ? 0 : source_open(sources, secret, &file, &text, err);

	return r < 0 ? r : source_value(sources, secret, value, err);
}

void revealed_values(struct pool *pool, const struct recipe *recipe, struct leak_value **ret_values, size_t *ret_n)
{
	struct leak_value *values = NULL;
	struct operator op = {0};
	struct sources sources = {.operator = &op};
	struct err problem = {0};
	size_t n = 0;

	if (recipe->n_secrets && operator_open(pool, &(struct operator_how){.machine = recipe->name}, &op, &problem) < 0)
		log_note("no values of secrets are looked for: %s", problem.first->text);
	else
		for (size_t i = 0; i < recipe->n_secrets; i++) {
			struct bytes value;
			struct err ignored = {0};

			if (revealed_value(&sources, &recipe->secrets[i], &value, &ignored) == 0)
				*pool_push(pool, values, n) =
					(struct leak_value){recipe->secrets[i].name, value.data, value.size};
			err_free(&ignored);
		}
	if (recipe->n_secrets && !problem.count)
		log_note("of %zu secrets %zu are open here: their values are looked for", recipe->n_secrets, n);
	err_free(&problem);
	*ret_values = values;
	*ret_n = n;
}
