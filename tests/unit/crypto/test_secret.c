/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include <sys/prctl.h>
#include <sys/resource.h>

static void
random_secrets_differ(void **state)
{
	AUTO(secret_free) struct secret *a = NULL, *b = NULL;

	(void)state;
	assert_int_equal(secret_new_random(&a, NULL), 0);
	assert_int_equal(secret_new_random(&b, NULL), 0);
	assert_false(secret_equal(a, b));
	assert_true(secret_equal(a, a));
	assert_false(crypto_equal(secret_bytes(a), row(0).p, SECRET_BYTES));
}

static void
a_secret_keeps_its_own_copy(void **state)
{
	AUTO(secret_free) struct secret *s = NULL;
	struct row bytes = row(9);

	(void)state;
	assert_int_equal(secret_from_bytes(&s, bytes.p, NULL), 0);
	secret_wipe(bytes.p, SECRET_BYTES);
	assert_int_equal(bytes.p[0] | bytes.p[31], 0);
	assert_memory_equal(secret_bytes(s), row(9).p, SECRET_BYTES);
}

static void
a_derived_secret_is_the_keyed_hash(void **state)
{
	AUTO(secret_free) struct secret *key = secret_of_row(0);
	AUTO(secret_free) struct secret *s = NULL;

	(void)state;
	assert_int_equal(secret_derive(&s, key, DS(DS_SEAL_PSK, DS_NONE), NULL), 0);
	assert_golden("psk", secret_bytes(s), SECRET_BYTES);
}

static void
write_to_a_secret(void)
{
	struct secret *s = secret_of_row(0);

	/* Whatever catches it, the kernel or a sanitizer, the child does not end well. */
	signal(SIGSEGV, SIG_DFL);
	*(volatile uint8_t *)(uintptr_t)secret_bytes(s) = 1;
}

static void
writing_to_a_secret_ends_the_program(void **state)
{
	int status = 0;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		write_to_a_secret();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void
a_protected_process_leaves_no_core(void **state)
{
	struct rlimit limit;

	(void)state;
	assert_int_equal(crypto_protect_process(NULL), 0);
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	assert_int_equal(limit.rlim_cur, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_secrets_differ),
		cmocka_unit_test(a_secret_keeps_its_own_copy),
		cmocka_unit_test(a_derived_secret_is_the_keyed_hash),
		cmocka_unit_test(writing_to_a_secret_ends_the_program),
		cmocka_unit_test(a_protected_process_leaves_no_core),
	};

	return cmocka_run_group_tests(tests, crypto_start, NULL);
}
