/* SPDX-License-Identifier: Apache-2.0 */
/* loop: moments come in their order and once, whatever a handler does; and the boot clock may jump. */
#include "service/loop.h"

#include <string.h>
#include <unistd.h>

#include "os/os.h"
#include "unit.h"

static struct loop loop;
static char seen[32]; /* a letter for each handler that ran */
static int64_t skew_ms;
static struct os moved;

static int64_t
moved_uptime_ms(void)
{
	return os_kernel.uptime_ms() + skew_ms;
}

static void
note(void *letter)
{
	size_t n = strlen(seen);

	assert_true(n + 1 < sizeof seen);
	seen[n] = *(const char *)letter;
	seen[n + 1] = '\0';
}

static void
end(void *letter)
{
	note(letter);
	loop.ended = true;
}

static int
setup(void **state)
{
	struct err err;

	(void)state;
	seen[0] = '\0';
	skew_ms = 0;
	moved = os_kernel;
	moved.uptime_ms = moved_uptime_ms;
	os = &moved;
	return loop_init(&loop, note, "c", &err);
}

static int
teardown(void **state)
{
	(void)state;
	loop_clear(&loop);
	os = &os_kernel;
	return 0;
}

static void
run(const char *expected)
{
	struct err err;

	loop.ended = false;
	assert_int_equal(loop_run(&loop, &err), 0);
	assert_string_equal(seen, expected);
}

static void
moments_come_in_their_order_and_once(void **state)
{
	struct loop_timer a = { .ready = note, .ctx = "a" }, b = { .ready = note, .ctx = "b" };
	struct loop_timer e = { .ready = end, .ctx = "e" };

	(void)state;
	loop_add_timer(&loop, &a);
	loop_add_timer(&loop, &b);
	loop_add_timer(&loop, &e);
	loop_wait(&b, 1);
	loop_wait(&a, 20);
	loop_wait(&e, 40);
	run("bae");
	assert_int_equal(a.at_ms, 0);
}

static void
a_moment_is_put_off_or_brought_forward(void **state)
{
	struct loop_timer a = { .ready = note, .ctx = "a" }, e = { .ready = end, .ctx = "e" };

	(void)state;
	loop_add_timer(&loop, &a);
	loop_add_timer(&loop, &e);
	loop_wait(&a, 3600000);
	loop_wait_at_most(&a, 1); /* sooner */
	loop_wait(&e, 20);
	run("ae");
	loop_wait(&a, 1);
	loop_wait_at_most(&a, 3600000); /* stays */
	loop_wait(&e, 20);
	run("aeae");
	loop_wait(&a, 1);
	loop_off(&a);
	loop_wait(&e, 20);
	run("aeaee");
}

static void
what_came_due_in_a_sleep_comes_at_once(void **state)
{
	struct loop_timer a = { .ready = note, .ctx = "a" }, e = { .ready = end, .ctx = "e" };
	int64_t begun = os_kernel.uptime_ms();

	(void)state;
	loop_add_timer(&loop, &e);
	loop_add_timer(&loop, &a);
	loop_wait(&a, 3600000);
	loop_wait(&e, 7200000);
	skew_ms = 8000000;
	run("ae");
	assert_true(os_kernel.uptime_ms() - begun < 60000);
}

/* Two descriptors are ready; whoever comes first takes the other one away. */
struct pair {
	struct loop_source one, other;
	int fds[2][2];
};

static void
remove_other(void *ctx)
{
	struct pair *p = ctx;
	char byte;

	note("s");
	assert_int_equal(read(p->one.fd, &byte, 1), 1);
	loop_remove(&loop, &p->other);
	close(p->other.fd);
}

static void
a_source_that_is_removed_by_another_ones_handler_is_not_called(void **state)
{
	struct loop_timer e = { .ready = end, .ctx = "e" };
	struct pair p;
	struct err err;

	(void)state;
	assert_int_equal(pipe(p.fds[0]) | pipe(p.fds[1]), 0);
	p.one = (struct loop_source){ p.fds[0][0], remove_other, &p };
	p.other = (struct loop_source){ p.fds[1][0], note, "x" };
	assert_int_equal(loop_add(&loop, &p.one, &err), 0);
	assert_int_equal(write(p.fds[0][1], "1", 1), 1);
	assert_int_equal(loop_add(&loop, &p.other, &err), 0);
	assert_int_equal(write(p.fds[1][1], "1", 1), 1);
	loop_add_timer(&loop, &e);
	loop_wait(&e, 20);
	run("se");
	loop_remove(&loop, &p.one);
	close(p.fds[0][0]);
	close(p.fds[0][1]);
	close(p.fds[1][1]);
}

#define A_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		A_TEST(moments_come_in_their_order_and_once),
		A_TEST(a_moment_is_put_off_or_brought_forward),
		A_TEST(what_came_due_in_a_sleep_comes_at_once),
		A_TEST(a_source_that_is_removed_by_another_ones_handler_is_not_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
