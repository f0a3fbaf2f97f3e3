/* Runs all suites, each test in a process of its own that is ended after two minutes. What tests/run is told:
# deadline: 2400
# budget: 300
# (more than that is a slow machine, or a test too many) */
#include "suite.h"

#include <signal.h>
#include <stdlib.h>

static SRunner *runner;

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

void suite_register_loop(const char *name, const TTest *test, int n)
{
	tcase_add_loop_test(suite_add(name), test, 0, n);
}

int main(void)
{
	int failed;

	if (!runner)
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN); /* as main does */
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
