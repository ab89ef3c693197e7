/* SPDX-License-Identifier: Apache-2.0 */
/* owner, standing, log_news: what only the owner signs, and what comes of it, against the real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "account/account_internal.h"
#include "account/owner.h"
#include "box/settings.h"
#include "live.h"
#include "os/os.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

struct fixture {
	struct live_folder folder;
	struct live_server server;
	struct remote_url invitation;
	struct live_terminal a, b;
	struct recovery_code *code;
};

static void
in_folder(char out[LIVE_PATH_MAX], const struct fixture *f, const char *name)
{
	assert_true(snprintf(out, LIVE_PATH_MAX, "%.400s/%s", f->folder.path, name) <
		    LIVE_PATH_MAX);
}

static void
open_terminal(struct fixture *f, struct live_terminal *t, const char *name)
{
	struct remote_url url = remote_url_server(&f->invitation);
	char home[LIVE_PATH_MAX];

	in_folder(home, f, name);
	live_terminal_open(t, home, &url);
}

static int
setup(void **state)
{
	static struct fixture one;
	struct fixture *f = &one;
	char data[LIVE_PATH_MAX];

	*state = f;
	*f = (struct fixture){ 0 };
	if (!live_possible())
		return 0;
	live_folder_make(&f->folder);
	in_folder(data, f, "server");
	live_start(&f->server, data, false);
	f->invitation = live_invite(&f->server, "1G");
	open_terminal(f, &f->a, "a");
	f->code = live_init(&f->a, &f->invitation, "phone");
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->folder.path[0] == 0)
		return 0;
	os = &os_kernel;
	live_terminal_close(&f->a);
	live_terminal_close(&f->b);
	recovery_code_free(f->code);
	live_stop(&f->server);
	live_folder_remove(&f->folder);
	return 0;
}

static struct fixture *
running(void **state)
{
	struct fixture *f = *state;

	if (f->folder.path[0] == 0)
		skip();
	return f;
}

static void
ok(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->msg);
}

static struct unlocked *
unlock(struct live_terminal *t)
{
	struct passphrase *p = live_passphrase(LIVE_PASSPHRASE);
	struct account_credential with = { .passphrase = p };
	struct unlocked *u = NULL;
	struct err err = { 0 };

	ok(account_unlock(&u, t->box, t->remote, &with, &err), &err);
	passphrase_free(p);
	return u;
}

static void
join(struct fixture *f)
{
	struct account_join_request q = { .with.recovery = f->code, .name = "tablet" };
	struct err err = { 0 };

	open_terminal(f, &f->b, "b");
	ok(account_join(NULL, f->b.box, f->b.remote, &q, &err), &err);
}

static unsigned
kept_flags(struct live_terminal *t)
{
	struct account_standing s = { 0 };
	struct err err = { 0 };
	int rc = account_standing_kept(&s, t->box, &err);

	ok(rc, &err);
	return rc == 0 ? account_standing_flags(&s) : 0;
}

static void
what_takes_something_away_waits_and_the_next_login_calls_it_off(void **state)
{
	struct fixture *f = running(state);
	struct account_standing s = { 0 };
	struct err err = { 0 };
	struct unlocked *u = unlock(&f->a);

	assert_int_equal(unlocked_called_off(u), 0);
	ok(account_delete(&s, u, f->a.box, &err), &err);
	assert_true(s.is.delete_ms > (uint64_t)(13 * DAY_MS) &&
		    s.is.delete_ms <= (uint64_t)(14 * DAY_MS));
	ok(account_policy_set(&s, u, f->a.box, 30, true, &err), &err);
	assert_int_equal(account_standing_flags(&s), STANDING_WAITS);
	assert_int_equal(s.is.retention_days, 90);
	assert_int_equal(s.is.next_days, 30);
	assert_int_equal(kept_flags(&f->a), STANDING_WAITS);
	unlocked_free(u);

	u = unlock(&f->a);
	assert_int_equal(unlocked_called_off(u), STANDING_WAITS);
	assert_int_equal(kept_flags(&f->a), 0);
	ok(account_standing_ask(&s, f->a.box, f->a.remote, &err), &err);
	assert_int_equal(account_standing_flags(&s), 0);
	unlocked_free(u);
	u = unlock(&f->a);
	assert_int_equal(unlocked_called_off(u), 0);
	unlocked_free(u);
}

static void
what_another_device_asked_for_is_told_as_called_off_by_who_did_not_know_of_it(void **state)
{
	struct fixture *f = running(state);
	struct account_standing s = { 0 };
	struct err err = { 0 };
	struct unlocked *u;

	join(f);
	u = unlock(&f->a);
	ok(account_delete(&s, u, f->a.box, &err), &err);
	unlocked_free(u);
	assert_int_equal(kept_flags(&f->b), 0);
	u = unlock(&f->b);
	assert_int_equal(unlocked_called_off(u), STANDING_DELETE);
	unlocked_free(u);
}

static void
keeping_more_holds_at_once_and_less_than_thirty_days_never(void **state)
{
	struct fixture *f = running(state);
	struct account_standing s = { 0 };
	struct err err = { 0 };
	struct unlocked *u = unlock(&f->a);

	ok(account_policy_set(&s, u, f->a.box, 365, false, &err), &err);
	assert_int_equal(s.is.retention_days, 365);
	assert_int_equal(account_standing_flags(&s), 0);
	assert_int_equal(account_policy_set(&s, u, f->a.box, 29, false, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	unlocked_free(u);
}

/* --- when to ask --- */

static int64_t ahead_ms;

static int64_t
later(void)
{
	return os_kernel.now_unix_ms() + ahead_ms;
}

static void
set_ahead(int64_t ms)
{
	static struct os moved;

	moved = os_kernel;
	moved.now_unix_ms = later;
	ahead_ms = ms;
	os = &moved;
}

static int
follow(struct live_terminal *t, unsigned *begun, unsigned *over)
{
	struct account_standing s = { 0 };
	struct err err = { 0 };
	int rc;

	*begun = *over = 0;
	rc = account_standing_follow(&s, begun, over, t->box, t->remote, &err);
	ok(rc, &err);
	return rc;
}

static void
the_server_is_asked_once_a_day_sooner_where_something_waits_and_when_the_log_grew(void **state)
{
	struct fixture *f = running(state);
	struct account_standing s = { 0 };
	struct err err = { 0 };
	struct unlocked *u;
	unsigned begun, over;

	set_ahead(-12 * HOUR_MS); /* a login takes a clock that is at most a day wrong */
	join(f);
	assert_int_equal(follow(&f->b, &begun, &over), STANDING_NOT_DUE);
	set_ahead(11 * HOUR_MS);
	assert_int_equal(follow(&f->b, &begun, &over), STANDING_NOT_DUE);
	set_ahead(12 * HOUR_MS + 60000);
	assert_int_equal(follow(&f->b, &begun, &over), 0); /* a day later */
	assert_int_equal(begun | over, 0);
	u = unlock(&f->a);
	ok(account_delete(&s, u, f->a.box, &err), &err);
	unlocked_free(u);
	ok(account_log_refresh(f->b.box, f->b.remote, &err), &err);
	assert_int_equal(follow(&f->b, &begun, &over), 0); /* the log grew */
	assert_int_equal(begun, STANDING_DELETE);
	assert_int_equal(follow(&f->b, &begun, &over), STANDING_NOT_DUE);
	set_ahead(14 * HOUR_MS);
	assert_int_equal(follow(&f->b, &begun, &over), 0); /* two hours later: it waits */
	assert_int_equal(begun, 0);                        /* told already */
	unlocked_free(unlock(&f->a));
	set_ahead(16 * HOUR_MS);
	assert_int_equal(follow(&f->b, &begun, &over), 0);
	assert_int_equal(over, STANDING_DELETE);
	set_ahead(18 * HOUR_MS);
	assert_int_equal(follow(&f->b, &begun, &over), STANDING_NOT_DUE);
	set_ahead(-20 * HOUR_MS); /* a clock that was set back stops nothing */
	assert_int_equal(follow(&f->b, &begun, &over), 0);
}

static void
what_is_left_goes_by_this_clock_and_never_below_one(void **state)
{
	struct account_standing s = { .heard_unix_ms = os_kernel.now_unix_ms() };

	(void)state;
	set_ahead(0);
	s.heard_unix_ms -= 3 * DAY_MS;
	assert_in_range(account_standing_left_ms(&s, (uint64_t)(14 * DAY_MS)), 11 * DAY_MS - 10000,
			11 * DAY_MS);
	assert_int_equal(account_standing_left_ms(&s, (uint64_t)DAY_MS), 1);
	set_ahead(-3650 * DAY_MS);
	assert_int_equal(account_standing_left_ms(&s, (uint64_t)DAY_MS), DAY_MS);
	os = &os_kernel;
}

/* --- what entries mean for a terminal --- */

static void
sign_server(struct fixture *f, const char *url)
{
	struct log_entry e = { .type = LOG_SET_SERVER, .url = span_str(url) };
	struct err err = { 0 };
	struct unlocked *u = unlock(&f->a);

	ok(unlocked_sign(u, f->a.box, &e, &err), &err);
	unlocked_free(u);
}

static void
before(char out[static SETTING_VALUE_MAX], struct live_terminal *t)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX - 1);
	struct err err = { 0 };

	ok(setting_get(&value, t->box, ACCOUNT_SERVER_BEFORE, &err), &err);
	strcpy(out, buf_str(&value));
}

static void
an_entry_that_names_no_address_moves_nobody(void **state)
{
	struct fixture *f = running(state);
	static const char *const urls[] = { "gopher://127.0.0.1/", "", "https://",
					    "https://h:1/i/AAAAAAAAAAAAAAAAAAAAAA" };
	const struct identity *me = box_identity(f->a.box);
	struct identity_server was = me->server;
	uint64_t length = me->log_length;

	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		if (!*urls[i])
			continue;
		sign_server(f, urls[i]);
		assert_string_equal(me->server.url, was.url);
		assert_int_equal(me->log_length, ++length);
	}
}

static void
a_terminal_that_was_killed_while_it_followed_follows_all_the_same(void **state)
{
	struct fixture *f = running(state);
	AUTO(log_state_clear) struct log_state s = { 0 };
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	const struct identity *me = box_identity(f->a.box);
	struct identity_server was = me->server;
	char first[SETTING_VALUE_MAX], again[SETTING_VALUE_MAX], url[128];
	struct err err = { 0 };

	snprintf(url, sizeof url, "http://127.0.0.2:%u/", f->server.port);
	sign_server(f, url);
	assert_string_not_equal(me->server.url, was.url);
	before(first, &f->a);
	assert_non_null(strstr(first, was.url));
	/* As after a crash: the entries are new once more. */
	ok(log_copy_read(&s, &raw, f->a.box, &err), &err);
	ok(log_news(f->a.box, &s, buf_span(&raw), 2, &err), &err);
	before(again, &f->a);
	assert_string_equal(again, first);
	/* Who went back by hand stays there: the entry is old. */
	ok(identity_set_server(f->a.box, &was, &err), &err);
	ok(log_copy_adopt(f->a.box, &s, buf_span(&raw), &err), &err);
	assert_string_equal(me->server.url, was.url);
}

static void
another_recovery_code_is_noticed_and_another_passphrase_is_no_other_code(void **state)
{
	struct fixture *f = running(state);
	AUTO(recovery_code_free) struct recovery_code *code = NULL;
	struct passphrase *p = live_passphrase("eight violins under a copper moon");
	struct err err = { 0 };
	struct unlocked *u;

	ok(identity_set_recovery_confirmed(f->a.box, true, &err), &err);
	join(f);
	u = unlock(&f->b);
	ok(account_passphrase_change(u, f->b.box, p, &err), &err);
	passphrase_free(p);
	ok(account_log_refresh(f->a.box, f->a.remote, &err), &err);
	assert_true(box_identity(f->a.box)->recovery_confirmed);
	ok(account_recovery_change(&code, u, f->b.box, &err), &err);
	unlocked_free(u);
	ok(account_log_refresh(f->a.box, f->a.remote, &err), &err);
	assert_false(box_identity(f->a.box)->recovery_confirmed);
}

static void
a_retired_device_is_in_use_no_more_and_cannot_be_retired_twice(void **state)
{
	struct fixture *f = running(state);
	struct id16 device;
	struct err err = { 0 };
	struct unlocked *u;

	join(f);
	memcpy(device.b, box_identity(f->b.box)->device, sizeof device.b);
	u = unlock(&f->a);
	ok(account_retire(u, f->a.box, &device, &err), &err);
	assert_int_equal(log_state_device(unlocked_log(u), &device)->state, DEVICE_RETIRED);
	assert_int_equal(account_retire(u, f->a.box, &device, &err), -1);
	assert_int_equal(err.code, ERR_REFUSED);
	unlocked_free(u);
	assert_int_equal(account_log_refresh(f->b.box, f->b.remote, &err), -1);
	assert_int_equal(err.code, ERR_REVOKED);
}

#define LIVE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(what_takes_something_away_waits_and_the_next_login_calls_it_off),
		LIVE_TEST(
			what_another_device_asked_for_is_told_as_called_off_by_who_did_not_know_of_it),
		LIVE_TEST(keeping_more_holds_at_once_and_less_than_thirty_days_never),
		LIVE_TEST(
			the_server_is_asked_once_a_day_sooner_where_something_waits_and_when_the_log_grew),
		cmocka_unit_test(what_is_left_goes_by_this_clock_and_never_below_one),
		LIVE_TEST(an_entry_that_names_no_address_moves_nobody),
		LIVE_TEST(a_terminal_that_was_killed_while_it_followed_follows_all_the_same),
		LIVE_TEST(another_recovery_code_is_noticed_and_another_passphrase_is_no_other_code),
		LIVE_TEST(a_retired_device_is_in_use_no_more_and_cannot_be_retired_twice),
	};

	if (crypto_init(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
