/* That the sanitizers are awake: what they are for fails a test, as it would any other. Compiled for them only. */
#include "suite.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
static volatile int three = 3; /* nothing here is known when it is compiled */

START_TEST(leaks)
{
	void *volatile lost = malloc(17);

	lost = NULL;
	(void)lost;
}
END_TEST

START_TEST(reads_beyond)
{
	char *volatile text = calloc(1, (size_t)three);
	volatile char c = text[three];

	(void)c;
	free(text);
}
END_TEST

START_TEST(overflows)
{
	volatile int sum = INT_MAX - 2;

	sum += three;
}
END_TEST

START_TEST(frees_what_it_has)
{
	free(malloc((size_t)three));
}
END_TEST

/* Runs a test as all others are run, in a process of its own; what is said about it is nobody's business. */
static bool fails(const TTest *test)
{
	Suite *suite = suite_create("inner");
	TCase *tcase = tcase_create("inner");
	SRunner *runner = srunner_create(suite);
	bool failed;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	tcase_add_test(tcase, test);
	suite_add_tcase(suite, tcase);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner) == 1;
	srunner_free(runner);
	return failed;
}

START_TEST(a_test_that_leaks_has_failed)
{
	ck_assert(!fails(frees_what_it_has));
	ck_assert(fails(leaks));
}
END_TEST

START_TEST(a_test_that_reads_beyond_its_memory_has_failed)
{
	ck_assert(fails(reads_beyond));
}
END_TEST

START_TEST(a_test_whose_behaviour_is_undefined_has_failed)
{
	ck_assert(fails(overflows));
}
END_TEST

SUITE(sanitizers, a_test_that_leaks_has_failed, a_test_that_reads_beyond_its_memory_has_failed,
      a_test_whose_behaviour_is_undefined_has_failed)
#endif
