#include "vectors.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sealed/sops/leaves.h"

#define FOLDER "tests/secrets/vectors"

static bool vector_read(struct pool *pool, const char *path, struct bytes *ret_text)
{
	FILE *file = fopen(path, "r");
	struct growing text = {.pool = pool};
	char part[4096];
	size_t n;

	if (!file)
		return false;
	while ((n = fread(part, 1, sizeof part, file)) > 0)
		growing_add(&text, part, n);
	fclose(file);
	*ret_text = growing_bytes(&text);
	return true;
}

static void vector_load(struct pool *pool, struct vector *vector, const char *file)
{
	const char *ending = strchr(file, '.') + 1;
	const char *format = strcmp(ending, "bin.json") == 0 ? "binary" : strcmp(ending, "env") == 0 ? "dotenv" : ending;
	bool found = sops_format_named(format, &vector->format);

	found = found && vector_read(pool, pool_printf(pool, FOLDER "/%s/%s", vector->name, file), &vector->text);
	found = found && vector_read(pool, pool_printf(pool, FOLDER "/%s/keys.txt", vector->name), &vector->keys);
	ck_assert_msg(found, FOLDER "/%s is not whole", vector->name);
	vector->expected = pool_printf(pool, FOLDER "/%s/expected.json", vector->name);
	if (access(vector->expected, F_OK) < 0)
		vector->expected = NULL;
}

struct vector *vectors_load(struct pool *pool, size_t *ret_n)
{
	struct vector *vectors = NULL;
	struct bytes index;
	char *line, *rest;
	size_t n = 0;

	ck_assert_msg(vector_read(pool, FOLDER "/INDEX.tsv", &index), "no " FOLDER "/INDEX.tsv: run the tests from the top");
	rest = (char *)index.data;
	strsep(&rest, "\n");
	while ((line = strsep(&rest, "\n")) && *line) {
		char *fields[8] = {0};
		struct vector *vector = pool_push(pool, vectors, n);

		for (int i = 0; i < 8; i++)
			fields[i] = strsep(&line, "\t");
		ck_assert_ptr_nonnull(fields[7]);
		snprintf(vector->name, sizeof vector->name, "%s", fields[1]);
		snprintf(vector->want, sizeof vector->want, "%s", fields[6]);
		snprintf(vector->class, sizeof vector->class, "%s", fields[7]);
		vector_load(pool, vector, fields[2]);
	}
	ck_assert_uint_gt(n, 100);
	*ret_n = n;
	return vectors;
}

struct vector vectors_named(struct pool *pool, const char *name)
{
	size_t n;
	struct vector *vectors = vectors_load(pool, &n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(vectors[i].name, name) == 0)
			return vectors[i];
	}
	ck_abort_msg("no vector %s", name);
	return (struct vector){0};
}

int vectors_open_with(struct pool *pool, enum sops_format format, struct bytes text, const struct age_identities *identities,
		      struct sops_file **ret_file, struct fault *fault)
{
	int r;

	*fault = (struct fault){0};
	r = sops_read(pool, format, text, ret_file, fault);
	return r < 0 ? r : sops_open(pool, *ret_file, identities, fault);
}

int vectors_open(struct pool *pool, const struct vector *vector, struct bytes text, struct sops_file **ret_file,
		 struct fault *fault)
{
	struct age_identities identities = {0};

	*fault = (struct fault){0};
	ck_assert_int_eq(age_identities_read(pool, vector->keys.data, vector->keys.size, &identities, fault), 0);
	return vectors_open_with(pool, vector->format, text, &identities, ret_file, fault);
}

const char *vectors_leaves(struct pool *pool, const struct sops_file *file)
{
	struct bytes json;

	sops_leaves_print(pool, file, &json);
	return (const char *)json.data;
}
