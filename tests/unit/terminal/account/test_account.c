/* SPDX-License-Identifier: Apache-2.0 */
/* account: founding, joining, unlocking and what must be refused, against the real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "account/account_internal.h"
#include "box/identity.h"
#include "live.h"
#include "os/os.h"

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

/* A server, and terminal a with an account on it. */
static int
setup_of(void **state, bool tls)
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
	live_start(&f->server, data, tls);
	f->invitation = live_invite(&f->server, "1G");
	open_terminal(f, &f->a, "a");
	f->code = live_init(&f->a, &f->invitation, "Ming's phone 小明的手机");
	return 0;
}

static int
setup(void **state)
{
	return setup_of(state, false);
}

static int
setup_tls(void **state)
{
	return setup_of(state, true);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->folder.path[0] == 0)
		return 0;
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

static int
unlock(struct unlocked **u, struct live_terminal *t, const char *typed, struct err *err)
{
	struct passphrase *p = live_passphrase(typed);
	struct account_credential with = { .passphrase = p };
	int rc = account_unlock(u, t->box, t->remote, &with, err);

	passphrase_free(p);
	return rc;
}

static void
the_right_passphrase_opens_the_account(void **state)
{
	struct fixture *f = running(state);
	const struct identity *me = box_identity(f->a.box);
	struct unlocked *u = NULL;
	struct device_keys *keys = NULL;
	struct err err = { 0 };
	char name[ACCOUNT_DEVICE_NAME_MAX + 1];
	struct id16 device;

	if (unlock(&u, &f->a, LIVE_PASSPHRASE, &err) < 0)
		fail_msg("%s", err.msg);
	memcpy(device.b, me->device, sizeof device.b);
	assert_memory_equal(unlocked_account(u)->b, me->account, sizeof me->account);
	assert_int_equal(unlocked_log(u)->length, 2);
	assert_true(secret_equal(unlocked_keys(u, 1)->psk, me->keys.psk));
	assert_null(unlocked_keys(u, 0));
	assert_null(unlocked_keys(u, 2));
	unlocked_device_name(name, u, &device);
	assert_string_equal(name, "Ming's phone 小明的手机");
	assert_int_equal(unlocked_device_keys(&keys, u, &device, &err), 0);
	assert_true(secret_equal(keys->chunk_id, me->ids->chunk_id));
	device_keys_free(keys);
	unlocked_free(u);
}

static void
a_wrong_passphrase_says_so_and_nothing_else(void **state)
{
	struct fixture *f = running(state);
	struct unlocked *u = NULL;
	struct err err = { 0 };

	assert_int_equal(unlock(&u, &f->a, "eight violins under a copper moon", &err), -1);
	assert_null(u);
	assert_int_equal(err.code, ERR_LOCKED);
	assert_string_equal(err.msg, "the passphrase is wrong");
	assert_false(remote_logged_in(f->a.remote, LOGIN_GET));
}

static void
the_recovery_code_alone_joins_another_terminal(void **state)
{
	struct fixture *f = running(state);
	struct account_join_request q = { .with.recovery = f->code, .name = "tablet" };
	struct account_newest newest[ACCOUNT_DEVICES_MAX];
	struct unlocked *u = NULL;
	struct err err = { 0 };
	size_t n = 0;

	open_terminal(f, &f->b, "b");
	if (account_join(&u, f->b.box, f->b.remote, &q, &err) < 0)
		fail_msg("%s", err.msg);
	assert_memory_equal(box_identity(f->b.box)->account, box_identity(f->a.box)->account, 16);
	assert_true(memcmp(box_identity(f->b.box)->device, box_identity(f->a.box)->device, 16) !=
		    0);
	assert_false(
		secret_equal(box_identity(f->b.box)->keys.root, box_identity(f->a.box)->keys.root));
	assert_true(box_identity(f->b.box)->recovery_confirmed);
	assert_int_equal(unlocked_log(u)->n_devices, 2);
	unlocked_free(u);

	/* The first terminal learns of it, and of its name. */
	if (account_newest_read(newest, &n, f->a.box, f->a.remote, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(n, 2);
	assert_true(strcmp(newest[0].name, "tablet") == 0 || strcmp(newest[1].name, "tablet") == 0);
	assert_int_equal(newest[0].seq + newest[1].seq, 0);
	assert_string_equal(newest[0].head_words, "");
	assert_int_equal(box_identity(f->a.box)->log_length, 3);
	assert_int_equal(account_check_keys(f->a.box, &err), 0);
	assert_int_equal(account_check_keys(f->b.box, &err), 0);
}

static void
joining_by_passphrase_can_take_the_place_of_a_device(void **state)
{
	struct fixture *f = running(state);
	struct passphrase *p = live_passphrase(LIVE_PASSPHRASE);
	struct id16 account, old;
	struct account_join_request q = { .account = &account,
					  .with.passphrase = p,
					  .name = "new phone",
					  .replace = "Ming's phone 小明的手机" };
	struct identity_device replaced[8];
	struct unlocked *u = NULL;
	struct err err = { 0 };
	size_t n = 0;

	memcpy(account.b, box_identity(f->a.box)->account, sizeof account.b);
	memcpy(old.b, box_identity(f->a.box)->device, sizeof old.b);
	open_terminal(f, &f->b, "b");
	if (account_join(&u, f->b.box, f->b.remote, &q, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(unlocked_log(u)->length, 4);
	assert_int_equal(log_state_device(unlocked_log(u), &old)->state, DEVICE_REPLACED);
	assert_int_equal(identity_replaced(replaced, &n, f->b.box, &err), 0);
	assert_int_equal(n, 1);
	assert_memory_equal(replaced[0].device, old.b, sizeof old.b);
	unlocked_free(u);

	/* The old one is shut out, and told so. */
	assert_int_equal(account_log_refresh(f->a.box, f->a.remote, &err), -1);
	assert_int_equal(err.code, ERR_REVOKED);
	passphrase_free(p);
}

static void
an_unknown_device_to_replace_is_named_with_those_there_are(void **state)
{
	struct fixture *f = running(state);
	struct account_join_request q = { .with.recovery = f->code,
					  .name = "x",
					  .replace = "toaster" };
	struct err err = { 0 };

	open_terminal(f, &f->b, "b");
	assert_int_equal(account_join(NULL, f->b.box, f->b.remote, &q, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_non_null(strstr(err.msg, "toaster"));
	assert_non_null(strstr(err.msg, "Ming's phone"));
	assert_null(box_identity(f->b.box));
}

static void
a_used_or_forged_invitation_is_refused(void **state)
{
	struct fixture *f = running(state);
	struct passphrase *p = live_passphrase(LIVE_PASSPHRASE);
	struct account_init_request q = { .passphrase = p, .name = "x", .cost = LIVE_COST };
	struct recovery_code *code = NULL;
	struct err err = { 0 };

	open_terminal(f, &f->b, "b");
	memcpy(q.invitation.b, f->invitation.code, sizeof q.invitation.b);
	assert_int_equal(account_init(&code, f->b.box, f->b.remote, &q, &err), -1);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_true(remote_problem_is(f->b.remote, PROBLEM_SIGNATURE) ||
		    strstr(err.msg, "used already"));
	q.invitation.b[3] ^= 1;
	assert_int_equal(account_init(&code, f->b.box, f->b.remote, &q, &err), -1);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_null(code);
	assert_null(box_identity(f->b.box));
	passphrase_free(p);
}

static void
a_changed_passphrase_opens_and_the_old_one_does_not(void **state)
{
	struct fixture *f = running(state);
	struct passphrase *p = live_passphrase("nine cellos over a silver lake");
	struct unlocked *u = NULL;
	struct err err = { 0 };

	assert_int_equal(unlock(&u, &f->a, LIVE_PASSPHRASE, &err), 0);
	if (account_passphrase_change(u, f->a.box, p, &err) < 0)
		fail_msg("%s", err.msg);
	unlocked_free(u);
	u = NULL;
	remote_logout(f->a.remote);
	assert_int_equal(unlock(&u, &f->a, LIVE_PASSPHRASE, &err), -1);
	assert_int_equal(err.code, ERR_LOCKED);
	if (unlock(&u, &f->a, "nine cellos over a silver lake", &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(unlocked_log(u)->length, 3);
	assert_int_equal(account_check_keys(f->a.box, &err), 0);
	unlocked_free(u);
	passphrase_free(p);
}

static void
a_new_recovery_code_replaces_the_old_one(void **state)
{
	struct fixture *f = running(state);
	struct recovery_code *code = NULL;
	struct account_credential with = { .recovery = f->code };
	struct unlocked *u = NULL;
	struct err err = { 0 };

	assert_int_equal(account_recovery_check(f->a.box, f->code, &err), 0);
	assert_int_equal(account_unlock(&u, f->a.box, f->a.remote, &with, &err), 0);
	if (account_recovery_change(&code, u, f->a.box, &err) < 0)
		fail_msg("%s", err.msg);
	unlocked_free(u);
	u = NULL;
	remote_logout(f->a.remote);
	assert_int_equal(account_recovery_check(f->a.box, f->code, &err), -1);
	assert_int_equal(err.code, ERR_LOCKED);
	assert_int_equal(account_unlock(&u, f->a.box, f->a.remote, &with, &err), -1);
	assert_int_equal(err.code, ERR_LOCKED);
	with.recovery = code;
	assert_int_equal(account_recovery_check(f->a.box, code, &err), 0);
	assert_int_equal(account_unlock(&u, f->a.box, f->a.remote, &with, &err), 0);
	unlocked_free(u);
	recovery_code_free(code);
}

/* Shut b out from a. */
static int
revoke(struct recovery_code **code, struct fixture *f, const struct account_credential *with,
       struct err *err)
{
	AUTO(unlocked_free) struct unlocked *u = NULL;
	struct id16 device;

	memcpy(device.b, box_identity(f->b.box)->device, sizeof device.b);
	remote_logout(f->a.remote);
	if (account_unlock(&u, f->a.box, f->a.remote, with, err) < 0 ||
	    account_revoke(code, u, f->a.box, &device, NULL, err) < 0)
		return -1;
	/* The keys of both epochs are at hand, and D is as it was. */
	assert_int_equal(unlocked_log(u)->epoch, 2);
	assert_non_null(unlocked_keys(u, 1));
	assert_true(secret_equal(unlocked_keys(u, 2)->psk, box_identity(f->a.box)->keys.psk));
	assert_null(unlocked_keys(u, 3));
	return 0;
}

static void
a_revocation_changes_the_keys_of_all_but_the_one_that_is_shut_out(void **state)
{
	struct fixture *f = running(state);
	struct passphrase *p = live_passphrase(LIVE_PASSPHRASE);
	struct account_credential by_code = { .recovery = f->code },
				  by_passphrase = { .passphrase = p };
	struct account_join_request q = { .with.recovery = f->code, .name = "lost" };
	AUTO(recovery_code_free) struct recovery_code *code = NULL;
	AUTO(secret_free) struct secret *psk = NULL;
	AUTO(secret_free) struct secret *root = NULL;
	struct unlocked *u = NULL;
	struct err err = { 0 };

	open_terminal(f, &f->b, "b");
	assert_int_equal(account_join(NULL, f->b.box, f->b.remote, &q, &err), 0);
	assert_int_equal(
		secret_from_bytes(&psk, secret_bytes(box_identity(f->a.box)->keys.psk), &err), 0);
	assert_int_equal(
		secret_from_bytes(&root, secret_bytes(box_identity(f->a.box)->keys.root), &err), 0);
	assert_int_equal(revoke(&code, f, &by_code, &err), -1);
	assert_int_equal(err.code, ERR_LOCKED);
	assert_int_equal(box_identity(f->a.box)->keys.epoch, 1);
	if (revoke(&code, f, &by_passphrase, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(box_identity(f->a.box)->keys.epoch, 2);
	assert_false(secret_equal(box_identity(f->a.box)->keys.psk, psk));
	assert_true(secret_equal(box_identity(f->a.box)->keys.root, root));
	assert_int_equal(account_check_keys(f->a.box, &err), 0);
	assert_int_equal(account_recovery_check(f->a.box, code, &err), 0);
	assert_int_equal(account_recovery_check(f->a.box, f->code, &err), -1);

	/* From the passphrase alone everything opens again, and the old code is of no account. */
	remote_logout(f->a.remote);
	assert_int_equal(account_unlock(&u, f->a.box, f->a.remote, &by_passphrase, &err), 0);
	assert_true(secret_equal(unlocked_keys(u, 1)->psk, psk));
	unlocked_free(u);
	u = NULL;
	remote_logout(f->a.remote);
	assert_int_equal(account_unlock(&u, f->a.box, f->a.remote, &by_code, &err), -1);
	assert_int_equal(err.code, ERR_LOCKED);

	remote_logout(f->b.remote); /* of its joining: new wraps end that */
	assert_int_equal(account_log_refresh(f->b.box, f->b.remote, &err), -1);
	assert_int_equal(err.code, ERR_REVOKED);
	assert_true(
		secret_equal(box_identity(f->b.box)->keys.psk, psk)); /* it learns nothing new */
	passphrase_free(p);
}

static void
a_deletion_that_a_login_called_off_shuts_nobody_out(void **state)
{
	struct fixture *f = running(state);
	AUTO(buf_clear) struct buf entry = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	struct account_join_request q = { .with.recovery = f->code, .name = "tablet" };
	struct unlocked *u = NULL;
	struct err err = { 0 };
	struct span span;

	assert_non_null(e);
	assert_int_equal(unlock(&u, &f->a, LIVE_PASSPHRASE, &err), 0);
	log_state_next(e, &u->log);
	e->type = LOG_DELETE_ACCOUNT;
	e->client_unix_ms = (uint64_t)os->now_unix_ms();
	assert_int_equal(log_entry_sign(&entry, e, unlocked_now(u)->ask, NULL, &err), 0);
	span = buf_span(&entry);
	assert_int_equal(unlocked_post(u, &span, 1, NULL, &err), 0);
	assert_true(unlocked_log(u)->deleted);
	unlocked_free(u);
	u = NULL;

	/* The entry stays in the log for ever; whoever can log in goes on. */
	remote_logout(f->a.remote);
	if (unlock(&u, &f->a, LIVE_PASSPHRASE, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(unlocked_log(u)->deleted);
	unlocked_free(u);
	open_terminal(f, &f->b, "b");
	if (account_join(NULL, f->b.box, f->b.remote, &q, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(account_log_refresh(f->a.box, f->a.remote, &err), 0);
	assert_int_equal(account_check_keys(f->a.box, &err), 0);
}

static void
a_damaged_key_is_noticed_before_anything_is_sealed(void **state)
{
	struct fixture *f = running(state);
	AUTO(buf_clear) struct buf log = BUF_INIT(1u << 20);
	struct err err = { 0 };
	int home = box_home_fd(f->a.box);

	assert_int_equal(account_check_keys(f->a.box, &err), 0);
	/* An entry of the copy is changed: its signature does not fit any more. */
	assert_int_equal(os_read_file(home, "account-log", &log, &err), 0);
	log.p[log.n - 100] ^= 1;
	assert_int_equal(os_replace_file(home, "account-log", buf_span(&log), 0600, &err), 0);
	assert_int_equal(account_check_keys(f->a.box, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
	/* The copy lost its last entry. */
	log.p[log.n - 100] ^= 1;
	uint32_t first = get_u32(log.p);
	assert_int_equal(
		os_replace_file(home, "account-log", span_of(log.p, 4 + first), 0600, &err), 0);
	assert_int_equal(account_check_keys(f->a.box, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
}

static void
a_server_with_another_key_is_not_spoken_to(void **state)
{
	struct fixture *f = running(state);
	struct remote_url url = remote_url_server(&f->invitation);
	struct remote_options quick = { .tries = 1 };
	struct remote *r = NULL;
	struct server_info info;
	struct err err = { 0 };
	uint8_t spki[REMOTE_PIN_BYTES];

	assert_true(url.tls && url.pinned);
	url.pin[0] ^= 1;
	assert_int_equal(remote_new(&r, &url, &quick, &err), 0);
	assert_int_equal(remote_server_info(r, &info, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
	remote_free(r);

	/* Without a pin: shown, refused, and after a yes spoken to. */
	url.pinned = false;
	assert_int_equal(remote_new(&r, &url, &quick, &err), 0);
	assert_int_equal(remote_server_info(r, &info, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
	assert_int_equal(remote_see(r, spki, &err), REMOTE_UNKNOWN);
	assert_memory_equal(spki, f->invitation.pin, sizeof spki);
	remote_pin(r, spki);
	if (remote_server_info(r, &info, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(info.suite_1);
	remote_free(r);
}

static void
everything_works_over_tls_too(void **state)
{
	the_right_passphrase_opens_the_account(state);
	the_recovery_code_alone_joins_another_terminal(state);
}

static void
all_living_devices_are_told_however_many_there_were(void **state)
{
	struct log_device devices[100] = { 0 };
	struct wire_device listed[100] = { 0 };
	struct account_newest newest[ACCOUNT_DEVICES_MAX];
	struct unlocked u = { .log = { .devices = devices, .n_devices = 100 } };
	struct wire_heads heads = { .devices = listed, .n_devices = 100 };
	size_t n;

	(void)state;
	for (uint8_t i = 0; i < 100; i++) {
		devices[i].id.b[0] = listed[i].device.b[0] = i;
		devices[i].state = i < 70 ? DEVICE_REVOKED : DEVICE_ALIVE;
	}
	newest_of_heads(newest, &n, &u, &heads);
	assert_int_equal(n, ACCOUNT_DEVICES_MAX);
	for (uint8_t i = 0; i < 30; i++) {
		assert_int_equal(newest[i].device.b[0], 70 + i);
		assert_int_equal(newest[i].state, DEVICE_ALIVE);
	}
	assert_int_equal(newest[30].device.b[0], 0);
}

static void
a_head_has_six_words_by_its_first_sixty_bits(void **state)
{
	struct hash32 zero = { { 0 } }, one = { { 0 } }, last = { { 0 } };
	char a[ACCOUNT_HEAD_TEXT_BYTES], b[ACCOUNT_HEAD_TEXT_BYTES];

	(void)state;
	account_head_words(a, &zero);
	assert_string_equal(a, "able able able able able able");
	one.b[1] = 0x40; /* bit 9 counted from the front: the first word's last */
	account_head_words(b, &one);
	assert_string_equal(b, "acid able able able able able");
	last.b[7] = 0x10; /* bit 59: the sixth word's last */
	account_head_words(b, &last);
	assert_string_equal(b, "able able able able able acid");
	last.b[7] = 0x0f; /* past the sixtieth */
	account_head_words(b, &last);
	assert_string_equal(b, a);
}

#define LIVE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define TLS_TEST(fn)  cmocka_unit_test_setup_teardown(fn, setup_tls, teardown)

/* The disk fails where the server has said yes and the identity is to be written. */
static int
rename_no_keys(int from_fd, const char *from, int to_fd, const char *to)
{
	if (strcmp(to, "keys") != 0)
		return os_kernel.renameat(from_fd, from, to_fd, to);
	errno = EIO;
	return -1;
}

static void
without_keys(bool without)
{
	static struct os failing;

	failing = os_kernel;
	failing.renameat = rename_no_keys;
	os = without ? &failing : &os_kernel;
}

static void
a_terminal_that_did_not_hear_that_it_joined_goes_on_as_the_same_device(void **state)
{
	struct fixture *f = running(state);
	struct account_join_request q = { .with.recovery = f->code, .name = "tablet" };
	AUTO(unlocked_free) struct unlocked *u = NULL;
	AUTO(unlocked_free) struct unlocked *again = NULL;
	struct err err = { 0 };

	open_terminal(f, &f->b, "b");
	without_keys(true);
	int rc = account_join(&u, f->b.box, f->b.remote, &q, &err);
	without_keys(false);
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, ERR_IO);
	live_terminal_close(&f->b);
	open_terminal(f, &f->b, "b");
	if (account_join(&again, f->b.box, f->b.remote, &q, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(unlocked_log(again)->n_devices, 2);
	assert_memory_equal(box_identity(f->b.box)->device, unlocked_log(again)->devices[1].id.b,
			    CRYPTO_ID_BYTES);
	assert_string_equal(box_identity(f->b.box)->name, "tablet");
	assert_int_equal(account_check_keys(f->b.box, &err), 0);
}

static int
finish(struct recovery_code **code, struct fixture *f, const char *typed, struct err *err)
{
	struct passphrase *p = live_passphrase(typed);
	int rc = account_init_finish(code, f->b.box, f->b.remote, p, err);

	passphrase_free(p);
	return rc;
}

static void
a_terminal_that_did_not_hear_of_its_account_finishes_it(void **state)
{
	struct fixture *f = running(state);
	struct remote_url invitation = live_invite(&f->server, "1G"), other = invitation;
	struct passphrase *p = live_passphrase(LIVE_PASSPHRASE);
	struct account_init_request q = { .passphrase = p, .name = "phone", .cost = LIVE_COST };
	AUTO(recovery_code_free) struct recovery_code *code = NULL;
	struct id16 code_of, code_of_other;
	struct err err = { 0 };

	memcpy(q.invitation.b, invitation.code, sizeof q.invitation.b);
	other.code[0] ^= 1;
	memcpy(code_of.b, invitation.code, sizeof code_of.b);
	memcpy(code_of_other.b, other.code, sizeof code_of_other.b);
	open_terminal(f, &f->b, "b");
	assert_int_equal(account_init_begun(f->b.box, f->b.remote, &code_of, &err), 0);
	without_keys(true);
	int rc = account_init(&code, f->b.box, f->b.remote, &q, &err);
	without_keys(false);
	passphrase_free(p);
	assert_int_equal(rc, -1);
	live_terminal_close(&f->b);
	open_terminal(f, &f->b, "b");
	assert_int_equal(account_init_begun(f->b.box, f->b.remote, &code_of_other, &err), 0);
	assert_int_equal(account_init_begun(f->b.box, f->b.remote, &code_of, &err), 1);
	assert_int_equal(finish(&code, f, "eight violins under a copper moon", &err), -1);
	assert_int_equal(err.code, ERR_LOCKED);
	if (finish(&code, f, LIVE_PASSPHRASE, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(box_identity(f->b.box)->name, "phone");
	assert_int_equal(account_recovery_check(f->b.box, code, &err), 0);
	assert_int_equal(account_check_keys(f->b.box, &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_has_six_words_by_its_first_sixty_bits),
		cmocka_unit_test(all_living_devices_are_told_however_many_there_were),
		LIVE_TEST(the_right_passphrase_opens_the_account),
		LIVE_TEST(a_wrong_passphrase_says_so_and_nothing_else),
		LIVE_TEST(the_recovery_code_alone_joins_another_terminal),
		LIVE_TEST(a_terminal_that_did_not_hear_that_it_joined_goes_on_as_the_same_device),
		LIVE_TEST(a_terminal_that_did_not_hear_of_its_account_finishes_it),
		LIVE_TEST(joining_by_passphrase_can_take_the_place_of_a_device),
		LIVE_TEST(an_unknown_device_to_replace_is_named_with_those_there_are),
		LIVE_TEST(a_used_or_forged_invitation_is_refused),
		LIVE_TEST(a_changed_passphrase_opens_and_the_old_one_does_not),
		LIVE_TEST(a_new_recovery_code_replaces_the_old_one),
		LIVE_TEST(a_revocation_changes_the_keys_of_all_but_the_one_that_is_shut_out),
		LIVE_TEST(a_deletion_that_a_login_called_off_shuts_nobody_out),
		LIVE_TEST(a_damaged_key_is_noticed_before_anything_is_sealed),
		TLS_TEST(a_server_with_another_key_is_not_spoken_to),
		TLS_TEST(everything_works_over_tls_too),
	};
	struct err err;

	return crypto_init(&err) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
