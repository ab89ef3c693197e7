/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that lies about the account: every bit of its wraps, its log and its heads changed, any
 * two of them exchanged, a foreign account's or an older one's in their place.  The real server, with
 * its database changed under it, is asked by the real client: nothing is accepted, the log's entry
 * is named, and what is asked afterwards tells the server nothing.
 *
 * CLOUDBOX_FULL=1 changes every bit; else a sample, whose seed is printed (CLOUDBOX_SEED=n again).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "account/account_internal.h"
#include "box/identity.h"
#include "crypto/crypto.h"
#include "live.h"
#include "os/os.h"

#define SAMPLE 151 /* of so many bits, one */

static uint64_t seed;
static unsigned long n_flips, n_swaps;

static bool
full(void)
{
	return getenv("CLOUDBOX_FULL") != NULL;
}

static size_t
sample_step(void)
{
	return full() ? 1 : SAMPLE;
}

static size_t
sample_begin(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (seed >> 33) % sample_step();
}

/* Two accounts on one server: the one that is lied about, with a second device, and another. */
struct fixture {
	struct live_folder folder;
	struct live_server server;
	struct live_relay relay;
	struct live_terminal a, b, other;
	struct recovery_code *code, *other_code;
	struct remote *remote; /* by the relay, which counts the requests */
	struct id16 account, other_account;
	sqlite3 *db; /* the liar's hand in the server's database */
};

static void
open_terminal(struct fixture *f, struct live_terminal *t, const struct remote_url *invitation,
	      const char *name)
{
	struct remote_url url = remote_url_server(invitation);
	char home[LIVE_PATH_MAX];

	snprintf(home, sizeof home, "%.400s/%s", f->folder.path, name);
	live_terminal_open(t, home, &url);
}

static void
join(struct fixture *f, struct live_terminal *t)
{
	struct account_join_request q = { .account = &f->account,
					  .with.recovery = f->code,
					  .name = "second" };
	struct err err = { 0 };

	if (account_join(NULL, t->box, t->remote, &q, &err) < 0)
		fail_msg("%s", err.msg);
}

static void
open_database(struct fixture *f)
{
	char path[LIVE_PATH_MAX + 16];

	snprintf(path, sizeof path, "%s/cloudbox.db", f->server.data);
	assert_int_equal(sqlite3_open(path, &f->db), SQLITE_OK);
	sqlite3_busy_timeout(f->db, 10000);
}

static int
setup(void **state)
{
	static struct fixture one;
	struct fixture *f = &one;
	struct remote_options quick = { .tries = 1, .first_wait_ms = 20, .total_ms = 2000 };
	struct remote_url invitation, relayed;
	struct err err = { 0 };
	char data[LIVE_PATH_MAX];

	*state = f;
	*f = (struct fixture){ 0 };
	if (!live_possible())
		return 0;
	live_folder_make(&f->folder);
	snprintf(data, sizeof data, "%.400s/server", f->folder.path);
	live_start(&f->server, data, false);
	live_relay_start(&f->relay, f->server.port);
	f->relay.count = " HTTP/1.1";

	invitation = live_invite(&f->server, "1G");
	open_terminal(f, &f->a, &invitation, "a");
	open_terminal(f, &f->b, &invitation, "b");
	f->code = live_init(&f->a, &invitation, "first");
	memcpy(f->account.b, box_identity(f->a.box)->account, sizeof f->account.b);
	join(f, &f->b);
	relayed = remote_url_server(&invitation);
	relayed.port = f->relay.port;
	assert_int_equal(remote_new(&f->remote, &relayed, &quick, &err), 0);

	invitation = live_invite(&f->server, "1G");
	open_terminal(f, &f->other, &invitation, "other");
	f->other_code = live_init(&f->other, &invitation, "other");
	memcpy(f->other_account.b, box_identity(f->other.box)->account, sizeof f->other_account.b);
	open_database(f);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->folder.path[0] == 0)
		return 0;
	sqlite3_close(f->db);
	remote_free(f->remote);
	live_relay_stop(&f->relay);
	live_terminal_close(&f->a);
	live_terminal_close(&f->b);
	live_terminal_close(&f->other);
	recovery_code_free(f->code);
	recovery_code_free(f->other_code);
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

/* --- the liar's hand --- */

/* One column of one row; where: account ?1 and, if the statement has it, ?2. */
struct place {
	const char *table, *column, *where;
	struct id16 account;
	int64_t index;
};

static sqlite3_stmt *
prepare(struct fixture *f, const struct place *p, const char *fmt)
{
	sqlite3_stmt *st = NULL;
	char sql[256];

	snprintf(sql, sizeof sql, fmt, p->table, p->column, p->where);
	if (sqlite3_prepare_v2(f->db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(f->db));
	sqlite3_bind_blob(st, 1, p->account.b, sizeof p->account.b, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, p->index);
	return st;
}

static void
read_place(struct fixture *f, const struct place *p, struct buf *out)
{
	sqlite3_stmt *st = prepare(f, p, "SELECT %2$s FROM %1$s WHERE %3$s");

	buf_reset(out);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(
		buf_append(out,
			   span_of(sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0)),
			   NULL),
		0);
	sqlite3_finalize(st);
}

static void
write_place(struct fixture *f, const struct place *p, struct span bytes)
{
	sqlite3_stmt *st = prepare(f, p, "UPDATE %1$s SET %2$s = ?3 WHERE %3$s");

	sqlite3_bind_blob64(st, 3, bytes.n ? bytes.p : (const uint8_t *)"", bytes.n, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(st), SQLITE_DONE);
	assert_int_equal(sqlite3_changes(f->db), 1);
	sqlite3_finalize(st);
}

static void
execute(struct fixture *f, const char *sql)
{
	if (sqlite3_exec(f->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(f->db));
	assert_true(sqlite3_changes(f->db) > 0);
}

static struct place
wrap_of(const struct id16 *account, const char *kind)
{
	return (struct place){ "wraps", kind, "account = ?1 AND ?2 = 0", *account, 0 };
}

static struct place
entry_of(const struct id16 *account, int64_t index)
{
	return (struct place){ "log", "entry", "account = ?1 AND idx = ?2", *account, index };
}

/* --- the client --- */

static int
open_with(struct fixture *f, const struct account_credential *with, const struct id16 *account,
	  unsigned *n_requests, struct err *err)
{
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };
	AUTO(unlocked_free) struct unlocked *u = NULL;
	unsigned before = f->relay.n_count;

	*err = (struct err){ 0 };
	int rc = unlocked_open(&u, f->remote, account, with, err);
	if (rc == 0)
		rc = unlocked_check_heads(u, &heads, err);
	if (n_requests)
		*n_requests = f->relay.n_count - before;
	return rc;
}

/* By the recovery code: no key derivation, so every bit can have its turn.  Both wraps are checked. */
static int
open_account(struct fixture *f, unsigned *n_requests, struct err *err)
{
	const struct account_credential with = { .recovery = f->code };

	return open_with(f, &with, NULL, n_requests, err);
}

static void
assert_refused(const struct err *err, const char *what, size_t at)
{
	switch (err->code) {
	case ERR_AUTH:
	case ERR_ALARM:
	case ERR_FORMAT:
	case ERR_LIMIT:
	case ERR_UNSUPPORTED:
	case ERR_LOCKED:
	case ERR_CONFLICT:
	case ERR_REFUSED:
		assert_true(err->msg[0] != '\0');
		return;
	default:
		fail_msg("%s %zu: code %d: %s", what, at, (int)err->code, err->msg);
	}
}

/* Every bit of @p is refused, with one of @names in the sentence, after the same number of requests. */
static void
flip_each(struct fixture *f, const struct place *p, const char *const names[2])
{
	AUTO(buf_clear) struct buf good = BUF_INIT(1u << 16), bad = BUF_INIT(1u << 16);
	unsigned n, n_before = 0;
	struct err err;

	read_place(f, p, &good);
	for (size_t bit = sample_begin(); bit < 8 * good.n; bit += sample_step()) {
		buf_reset(&bad);
		assert_int_equal(buf_append(&bad, buf_span(&good), NULL), 0);
		bad.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		write_place(f, p, buf_span(&bad));
		n_flips++;
		if (open_account(f, &n, &err) == 0)
			fail_msg("bit %zu of %s.%s was accepted", bit, p->table, p->column);
		assert_refused(&err, p->column, bit);
		if (!strstr(err.msg, names[0]) && !strstr(err.msg, names[1]))
			fail_msg("bit %zu of %s.%s: \"%s\" does not name \"%s\"", bit, p->table,
				 p->column, err.msg, names[0]);
		if (n_before && n != n_before)
			fail_msg("bit %zu of %s.%s is followed by %u requests, not %u", bit,
				 p->table, p->column, n, n_before);
		n_before = n;
	}
	assert_true(n_before > 0);
	write_place(f, p, buf_span(&good));
	assert_int_equal(open_account(f, NULL, &err), 0);
}

static void
every_bit_of_a_wrap_is_refused(void **state)
{
	struct fixture *f = running(state);
	struct place recovery = wrap_of(&f->account, "recovery");
	struct place passphrase = wrap_of(&f->account, "passphrase");

	flip_each(f, &recovery, (const char *[]){ "wrap", "Wrap" });
	flip_each(f, &passphrase, (const char *[]){ "wrap", "wrap" });
}

static void
every_bit_of_the_passphrases_wrap_is_refused_to_the_passphrase(void **state)
{
	struct fixture *f = running(state);
	struct place p = wrap_of(&f->account, "passphrase");
	AUTO(buf_clear) struct buf good = BUF_INIT(1024), bad = BUF_INIT(1024);
	struct passphrase *typed = live_passphrase(LIVE_PASSPHRASE);
	const struct account_credential with = { .passphrase = typed };
	struct err err;

	read_place(f, &p, &good);
	for (size_t bit = sample_begin(); bit < 8 * good.n; bit += sample_step()) {
		buf_reset(&bad);
		assert_int_equal(buf_append(&bad, buf_span(&good), NULL), 0);
		bad.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		write_place(f, &p, buf_span(&bad));
		n_flips++;
		if (open_with(f, &with, &f->account, NULL, &err) == 0)
			fail_msg("bit %zu of the wrap was accepted", bit);
		assert_true(err.msg[0] !=
			    '\0'); /* wrong salt or cost: a wrong key, so "slow-down" too */
	}
	write_place(f, &p, buf_span(&good));
	assert_int_equal(open_with(f, &with, &f->account, NULL, &err), 0);
	passphrase_free(typed);
}

static void
every_bit_of_the_account_log_is_refused_and_its_entry_named(void **state)
{
	struct fixture *f = running(state);

	for (int64_t i = 0; i < 3; i++) {
		struct place p = entry_of(&f->account, i);
		char name[32], known[32];

		snprintf(name, sizeof name, "log entry %lld", (long long)i);
		/* Of a changed number it is said which one it should have. */
		snprintf(known, sizeof known, "the %lld entries known", (long long)i);
		flip_each(f, &p, (const char *[]){ name, known });
	}
}

static void
every_bit_of_what_the_server_says_of_log_and_heads_is_an_alarm(void **state)
{
	struct fixture *f = running(state);
	struct place log_head = { "accounts", "log_head", "account = ?1 AND ?2 = 0", f->account,
				  0 };
	struct place first = { "devices", "head",
			       "row = (SELECT min(row) + ?2 FROM devices WHERE account = ?1)",
			       f->account, 0 };
	struct place second = first;

	second.index = 1;
	flip_each(f, &log_head, (const char *[]){ "log", "log" });
	flip_each(f, &first, (const char *[]){ "first", "first" });
	flip_each(f, &second, (const char *[]){ "second", "second" });
}

/* --- exchanges --- */

static void
assert_swap_is_refused(struct fixture *f, const struct place *a, const struct place *b)
{
	AUTO(buf_clear) struct buf at_a = BUF_INIT(1u << 16), at_b = BUF_INIT(1u << 16);
	struct err err;

	read_place(f, a, &at_a);
	read_place(f, b, &at_b);
	write_place(f, a, buf_span(&at_b));
	write_place(f, b, buf_span(&at_a));
	n_swaps++;
	if (open_account(f, NULL, &err) == 0)
		fail_msg("%s.%s exchanged with %s.%s was accepted", a->table, a->column, b->table,
			 b->column);
	assert_refused(&err, "exchange", n_swaps);
	write_place(f, a, buf_span(&at_a));
	write_place(f, b, buf_span(&at_b));
}

static void
any_two_wraps_or_log_entries_exchanged_are_refused(void **state)
{
	struct fixture *f = running(state);
	struct place places[12];
	struct err err;
	size_t n = 0, n_mine;

	places[n++] = wrap_of(&f->account, "passphrase");
	places[n++] = wrap_of(&f->account, "recovery");
	for (int64_t i = 0; i < 3; i++)
		places[n++] = entry_of(&f->account, i);
	n_mine = n;
	places[n++] = wrap_of(&f->other_account, "passphrase");
	places[n++] = wrap_of(&f->other_account, "recovery");
	for (int64_t i = 0; i < 2; i++)
		places[n++] = entry_of(&f->other_account, i);
	for (size_t a = 0; a < n_mine; a++)
		for (size_t b = a + 1; b < n; b++)
			assert_swap_is_refused(f, &places[a], &places[b]);
	assert_int_equal(open_account(f, NULL, &err), 0);
}

/* --- keys and accounts of others --- */

static void
sql_of(char *out, size_t room, const char *fmt, const struct id16 *a, const struct id16 *b)
{
	snprintf(out, room, fmt, id16_hex(a).s, id16_hex(b).s);
}

static void
a_whole_foreign_account_under_our_name_is_refused(void **state)
{
	struct fixture *f = running(state);
	char sql[512];
	struct err err;

	sql_of(sql, sizeof sql, "DELETE FROM log WHERE account = x'%s' AND x'%s' != x''",
	       &f->account, &f->other_account);
	execute(f, sql);
	sql_of(sql, sizeof sql,
	       "INSERT INTO log(account, idx, hash, entry) SELECT x'%s', idx, hash, entry "
	       "FROM log WHERE account = x'%s'",
	       &f->account, &f->other_account);
	execute(f, sql);
	sql_of(sql, sizeof sql,
	       "UPDATE accounts SET (log_length, log_head, ask) = (SELECT log_length, log_head, "
	       "ask "
	       "FROM accounts WHERE account = x'%2$s') WHERE account = x'%1$s'",
	       &f->account, &f->other_account);
	execute(f, sql);
	n_swaps++;
	assert_int_equal(open_account(f, NULL, &err), -1);
	assert_refused(&err, "foreign log", 0);
}

static void
a_device_that_the_log_does_not_name_is_an_alarm_before_anything_is_signed(void **state)
{
	struct fixture *f = running(state);
	char sql[512];
	struct err err;

	sql_of(sql, sizeof sql, "UPDATE devices SET account = x'%s' WHERE account = x'%s'",
	       &f->account, &f->other_account);
	execute(f, sql);
	n_swaps++;
	assert_int_equal(open_account(f, NULL, &err), -1);
	assert_int_equal(err.code, ERR_ALARM);
	assert_non_null(strstr(err.msg, "does not know it"));
}

/* --- old states --- */

static void
a_log_cut_short_is_an_alarm_to_whoever_knew_more(void **state)
{
	struct fixture *f = running(state);
	const struct account_credential with = { .recovery = f->code };
	struct unlocked *u = NULL;
	char sql[512];
	struct err err = { 0 };

	sql_of(sql, sizeof sql,
	       "DELETE FROM log WHERE account = x'%s' AND idx = 2 AND x'%s' != x''", &f->account,
	       &f->account);
	execute(f, sql);
	sql_of(sql, sizeof sql,
	       "UPDATE accounts SET log_length = 2, log_head = (SELECT hash FROM log WHERE "
	       "account = x'%s' AND idx = 1) WHERE account = x'%s'",
	       &f->account, &f->account);
	execute(f, sql);
	assert_int_equal(account_unlock(&u, f->b.box, f->remote, &with, &err), -1);
	assert_int_equal(err.code, ERR_ALARM);
	err = (struct err){ 0 };
	assert_int_equal(account_log_refresh(f->b.box, f->b.remote, &err), -1);
	assert_int_equal(err.code, ERR_ALARM);
	/* A blank terminal sees the second device's head, which the short log does not name. */
	assert_int_equal(open_account(f, NULL, &err), -1);
	assert_int_equal(err.code, ERR_ALARM);
}

/* The old passphrase, its wrap and its login key again, as a server's old copy would have them. */
static void
an_old_wrap_is_an_alarm_where_the_log_names_another(void **state)
{
	struct fixture *f = running(state);
	const struct account_credential with = { .recovery = f->code };
	struct passphrase *old = live_passphrase(LIVE_PASSPHRASE);
	struct passphrase *new_one = live_passphrase("nine copper violins at noon");
	const struct account_credential with_old = { .passphrase = old };
	struct place wrap = wrap_of(&f->account, "passphrase");
	struct place key = { "accounts", "passphrase_key", "account = ?1 AND ?2 = 0", f->account,
			     0 };
	AUTO(buf_clear) struct buf old_wrap = BUF_INIT(1024), old_key = BUF_INIT(1024);
	AUTO(unlocked_free) struct unlocked *u = NULL;
	struct err err = { 0 };

	read_place(f, &wrap, &old_wrap);
	read_place(f, &key, &old_key);
	assert_int_equal(account_unlock(&u, f->a.box, f->a.remote, &with, &err), 0);
	assert_int_equal(account_passphrase_change(u, f->a.box, new_one, &err), 0);
	assert_int_equal(open_with(f, &with_old, &f->account, NULL, &err), -1);
	assert_int_equal(err.code, ERR_LOCKED);
	write_place(f, &wrap, buf_span(&old_wrap));
	write_place(f, &key, buf_span(&old_key));
	n_swaps++;
	assert_int_equal(open_with(f, &with_old, &f->account, NULL, &err), -1);
	assert_int_equal(err.code, ERR_ALARM);
	assert_int_equal(open_account(f, NULL, &err), -1);
	assert_int_equal(err.code, ERR_ALARM);
	passphrase_free(old);
	passphrase_free(new_one);
}

int
main(void)
{
#define LIVE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		LIVE(every_bit_of_a_wrap_is_refused),
		LIVE(every_bit_of_the_passphrases_wrap_is_refused_to_the_passphrase),
		LIVE(every_bit_of_the_account_log_is_refused_and_its_entry_named),
		LIVE(every_bit_of_what_the_server_says_of_log_and_heads_is_an_alarm),
		LIVE(any_two_wraps_or_log_entries_exchanged_are_refused),
		LIVE(a_whole_foreign_account_under_our_name_is_refused),
		LIVE(a_device_that_the_log_does_not_name_is_an_alarm_before_anything_is_signed),
		LIVE(a_log_cut_short_is_an_alarm_to_whoever_knew_more),
		LIVE(an_old_wrap_is_an_alarm_where_the_log_names_another),
	};
	const char *given = getenv("CLOUDBOX_SEED");
	int failed;

	assert_int_equal(crypto_init(NULL), 0);
	seed = given ? strtoull(given, NULL, 10) : (uint64_t)os->now_unix_ms();
	print_message("seed %llu\n", (unsigned long long)seed);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	print_message("%lu bits, %lu exchanges\n", n_flips, n_swaps);
	return failed;
}
