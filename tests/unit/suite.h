/* Every file of unit tests names its tests in one SUITE(): a list of sentences, run one by one in forked children. */
#ifndef UNIT_SUITE_H
#define UNIT_SUITE_H

#include <check.h>

void suite_register(const char *name, const TTest *const *tests, size_t n);

/* SUITE(name, test, …): registers the START_TEST functions given. */
#define SUITE(suite_name, ...)                                                                                        \
	__attribute__((constructor)) static void register_##suite_name(void)                                          \
	{                                                                                                             \
		const TTest *const tests[] = {__VA_ARGS__};                                                           \
		suite_register(#suite_name, tests, sizeof tests / sizeof *tests);                                     \
	}

/* LOOP_SUITE(name, test, n): registers one START_TEST function, run for _i from 0 to n - 1, the rows of a table. Some of them
 * share a process: what a row leaves behind besides scratch.h's, the next one sees. */
void suite_register_loop(const char *name, const TTest *test, int n);

#define LOOP_SUITE(suite_name, test, n)                                                                               \
	__attribute__((constructor)) static void register_##suite_name(void)                                          \
	{                                                                                                             \
		suite_register_loop(#suite_name, test, (int)(n));                                                     \
	}

#endif
