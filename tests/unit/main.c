/* Runs all suites, each test in a process of its own that is ended after two minutes. What tests/run is told:
# deadline: 2400
# budget: 300
# (more than that is a slow machine, or a test too many) */
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "scratch.h"

static SRunner *runner;

/* Rows of tables: many, and each quick beside the start of a process with sanitizers and its look for leaks, so one process
 * takes a batch of them, each with a scratch of its own. Batches are counted through all tables. */
enum { BATCH_ROWS = 24, TABLES_MAX = 128, BATCHES_MAX = 4096, NONE = -1 };

static struct table {
	const TTest *test;
	const char *suite;
	int rows, first_batch, end_batch;
	TTest batches;               /* the test's name and place */
} tables[TABLES_MAX];
static int n_tables, n_batches;
static int *begun;               /* by batch: the row that was begun and has not ended, shared with the processes of tests */

static TCase *suite_add(const char *name)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	if (!runner)
		runner = srunner_create(suite);
	else
		srunner_add_suite(runner, suite);
	return tcase;
}

void suite_register(const char *name, const TTest *const *tests, size_t n)
{
	TCase *tcase = suite_add(name);

	for (size_t i = 0; i < n; i++)
		tcase_add_test(tcase, tests[i]);
}

static const struct table *table_of(int batch)
{
	const struct table *table = tables;

	while (batch >= table->end_batch)
		table++;
	return table;
}

static void run_batch(int batch)
{
	const struct table *table = table_of(batch);
	int row = (batch - table->first_batch) * BATCH_ROWS, end = row + BATCH_ROWS;

	for (; row < end && row < table->rows; row++) {
		begun[batch] = row;
		table->test->fn(row);
		begun[batch] = NONE;
		scratch_again();
	}
}

void suite_register_loop(const char *name, const TTest *test, int n)
{
	struct table *table = &tables[n_tables++];

	table->test = test;
	table->suite = name;
	table->rows = n;
	table->first_batch = n_batches;
	table->end_batch = n_batches += (n + BATCH_ROWS - 1) / BATCH_ROWS;
	table->batches = (TTest){test->name, run_batch, test->file, test->line};
	tcase_add_loop_test(suite_add(name), &table->batches, table->first_batch, table->end_batch);
}

/* Check knows the batch of what failed, and not the row. */
static void tell_rows(void)
{
	for (int batch = 0; batch < n_batches; batch++)
		if (begun[batch] != NONE)
			fprintf(stderr, "%s: failed in row %d; those behind it, up to %d, were not run\n",
				table_of(batch)->suite, begun[batch],
				(batch - table_of(batch)->first_batch + 1) * BATCH_ROWS - 1);
}

int main(void)
{
	int failed;

	if (!runner)
		return EXIT_FAILURE;
	begun = mmap(NULL, BATCHES_MAX * sizeof *begun, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (begun == MAP_FAILED || n_tables > TABLES_MAX || n_batches > BATCHES_MAX)
		return EXIT_FAILURE;
	for (int batch = 0; batch < n_batches; batch++)
		begun[batch] = NONE;
	signal(SIGPIPE, SIG_IGN); /* as main does */
	srunner_run_all(runner, CK_NORMAL);
	tell_rows();
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
