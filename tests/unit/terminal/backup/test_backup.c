/* SPDX-License-Identifier: Apache-2.0 */
/* backup: items of real apps to the real server, and every way in which it may be disturbed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/apps.h"
#include "backup/backup.h"
#include "box/box_apps.h"
#include "box/identity.h"
#include "box/journal.h"
#include "box/receipts.h"
#include "box/saved.h"
#include "box/shortcuts.h"
#include "live.h"
#include "os/os.h"
#include "os_fault.h"

#define SMALL_BACKUP_BYTES 1200 /* docs/design: one field of one contact */

struct fixture {
	struct live_folder folder;
	struct live_server server;
	struct live_relay relay;
	struct remote_url invitation;
	struct live_terminal t;
	struct recovery_code *code;
	char contacts[LIVE_PATH_MAX], documents[LIVE_PATH_MAX];
};

static void
in_folder(char out[LIVE_PATH_MAX], const struct fixture *f, const char *name)
{
	assert_true(snprintf(out, LIVE_PATH_MAX, "%.400s/%s", f->folder.path, name) <
		    LIVE_PATH_MAX);
}

static void
write_card(const struct fixture *f, const char *file, const char *name, const char *tel,
	   const char *more)
{
	char card[200000];

	snprintf(card, sizeof card,
		 "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%s-uid\r\nFN:%s\r\nN:%s;;;;\r\nTEL;TYPE=CELL:%s"
		 "\r\n%sEND:VCARD\r\n",
		 file, name, name, tel, more);
	live_write(f->contacts, file, card);
}

/* A photo of @n made-up bytes, folded as most apps do. */
static char *
photo(size_t n, unsigned seed)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t chars = (n + 2) / 3 * 4, at;
	char *out = malloc(chars + chars / 60 * 4 + 64);

	if (!out)
		abort();
	at = (size_t)sprintf(out, "PHOTO;ENCODING=b;TYPE=JPEG:");
	for (size_t i = 0; i < chars; i++) {
		seed = seed * 1103515245u + 12345u;
		if (i > 0 && i % 60 == 0)
			at += (size_t)sprintf(out + at, "\r\n ");
		out[at++] = digits[seed >> 16 & 63];
	}
	sprintf(out + at, "\r\n");
	return out;
}

static void
add_app(struct fixture *f, const char *name, const char *adapter, const char *path)
{
	struct app *app = NULL;
	struct err err = { 0 };

	if (app_new(&app, name, adapter, path, &err) < 0 || box_app_put(f->t.box, app, &err) < 0)
		fail_msg("%s", err.msg);
	app_free(app);
}

static int
add_one(void *ctx, const struct inventory_item *item, struct err *err)
{
	struct fixture *f = ctx;

	return item->in_box ? 0 : shortcut_add(f->t.box, item, false, err);
}

static void
add_all(struct fixture *f, const char *name)
{
	struct app *app = NULL;
	struct app_session *s = NULL;
	struct err err = { 0 };

	if (box_app_get(&app, f->t.box, name, &err) < 0 || app_session_open(&s, app, &err) < 0 ||
	    inventory_refresh(NULL, f->t.box, s, NULL, NULL, &err) < 0 ||
	    inventory_types(f->t.box, s, span_of(NULL, 0), &err) < 0 ||
	    inventory_each(f->t.box, name, add_one, f, &err) < 0)
		fail_msg("%s", err.msg);
	app_session_free(s);
	app_free(app);
}

static void
open_remote(struct fixture *f, uint16_t port)
{
	struct remote_url url = remote_url_server(&f->invitation);
	char home[LIVE_PATH_MAX];

	live_terminal_close(&f->t);
	url.port = port;
	in_folder(home, f, "home");
	live_terminal_open(&f->t, home, &url);
}

static int
setup_with(void **state, const char *quota)
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
	in_folder(f->contacts, f, "contacts");
	in_folder(f->documents, f, "documents");
	live_start(&f->server, data, false);
	live_relay_start(&f->relay, f->server.port);
	f->invitation = live_invite(&f->server, quota);
	open_remote(f, f->server.port);
	f->code = live_init(&f->t, &f->invitation, "phone");
	mkdir(f->contacts, 0700);
	mkdir(f->documents, 0700);
	add_app(f, "contacts", "vcard", f->contacts);
	add_app(f, "documents", "files", f->documents);
	return 0;
}

static int
setup(void **state)
{
	return setup_with(state, "1G");
}

static int
setup_small(void **state)
{
	return setup_with(state, "200K");
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->folder.path[0] == 0)
		return 0;
	live_terminal_close(&f->t);
	recovery_code_free(f->code);
	live_relay_stop(&f->relay);
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
try_backup(struct fixture *f, struct backup_result *r, const struct backup_request *q,
	   struct err *err)
{
	static const struct backup_request whole = { 0 };

	backup_result_clear(r);
	return backup_run(r, f->t.box, f->t.remote, q ? q : &whole, NULL, err);
}

static void
back_up(struct fixture *f, struct backup_result *r)
{
	struct err err = { 0 };

	if (try_backup(f, r, NULL, &err) < 0)
		fail_msg("%s (%s)", err.msg, err.where);
}

static void
three_contacts(struct fixture *f)
{
	write_card(f, "anna.vcf", "Anna Berg", "+49 30 901820", "");
	write_card(f, "li.vcf", "李小龙", "+86 10 8888 8888", "");
	write_card(f, "zoe.vcf", "Zoë Lund", "+46 8 123456", "NOTE:violin\r\n");
	add_all(f, "contacts");
}

/* The result's item number @n; its strings live until another one is asked for. */
static struct backup_item
nth(struct backup_result *r, size_t n)
{
	struct backup_item item;
	struct err err = { 0 };

	assert_int_equal(backup_result_rewind(r, &err), 0);
	for (size_t i = 0; i <= n; i++)
		assert_int_equal(backup_result_next(&item, r, &err), 0);
	return item;
}

static void
the_first_backup_is_one_request_and_the_second_none(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };

	three_contacts(f);
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 3);
	assert_int_equal(r.n_failed, 0);
	assert_int_equal(r.n_unchanged, 0);
	assert_int_equal(r.requests, 1);
	assert_int_equal(r.seq, 1);
	assert_string_equal(nth(&r, 0).name, "Anna Berg");
	assert_true(nth(&r, 0).bytes > 100 && nth(&r, 0).bytes < 700);
	assert_int_equal(r.full_backup_bytes,
			 nth(&r, 0).bytes + nth(&r, 1).bytes + nth(&r, 2).bytes);
	assert_false(r.estimated);

	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 0);
	assert_int_equal(r.n_unchanged, 3);
	assert_int_equal(r.requests, 0);
	assert_int_equal(r.bytes_sent + r.bytes_received, 0);
	assert_int_equal(r.seq, 1);
}

static void
one_changed_field_costs_one_small_request(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	AUTO(free) char *face = photo(40000, 7);

	write_card(f, "anna.vcf", "Anna Berg", "+49 30 901820", face);
	for (int i = 0; i < 40; i++) {
		char file[32], name[32];

		sprintf(file, "c%d.vcf", i);
		sprintf(name, "Contact %d", i);
		write_card(f, file, name, "+1 202 555 0101", "");
	}
	add_all(f, "contacts");
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 41);
	assert_int_equal(r.requests, 3); /* have, chunks, batch */
	assert_true(r.bytes_sent > 40000);

	write_card(f, "anna.vcf", "Anna Berg", "+49 30 901821", face);
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 1);
	assert_int_equal(r.n_unchanged, 40);
	assert_int_equal(r.requests, 1);
	assert_true(r.bytes_sent + r.bytes_received <= SMALL_BACKUP_BYTES);
	print_message("one changed field: %llu bytes up, %llu down\n",
		      (unsigned long long)r.bytes_sent, (unsigned long long)r.bytes_received);
}

static void
a_touched_file_makes_no_version_and_a_changed_one_does(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	char path[2 * LIVE_PATH_MAX];

	live_write(f->documents, "letter.txt", "Dear Zoë,\n");
	add_all(f, "documents");
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 1);
	snprintf(path, sizeof path, "%s/letter.txt", f->documents);
	assert_int_equal(chmod(path, 0640), 0); /* ctime moves */
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 0);
	assert_int_equal(r.n_unchanged, 1);
	assert_int_equal(r.requests, 0);
	live_write(f->documents, "letter.txt", "Dear Zoë, dear Li,\n");
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 1);
	assert_int_equal(r.requests, 1);
}

/* A file of @n bytes that compress badly. */
static void
write_big(const struct fixture *f, const char *name, size_t n, unsigned seed)
{
	AUTO(free) char *bytes = malloc(n + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245u + 12345u;
		bytes[i] = (char)('!' + (seed >> 16) % 90);
	}
	bytes[n] = 0;
	live_write(f->documents, name, bytes);
}

static void
a_large_file_goes_ahead_in_pieces_that_are_not_sent_twice(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	const size_t n = (9u << 20) + 12345;

	write_big(f, "a.bin", n, 1);
	add_all(f, "documents");
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 1);
	assert_int_equal(r.requests, 3);
	assert_true(r.bytes_sent > n && r.bytes_sent < n + n / 50);

	/* The same content under another name: its pieces are there. */
	write_big(f, "b.bin", n, 1);
	add_all(f, "documents");
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 1);
	assert_int_equal(r.requests, 2); /* have, batch */
	assert_true(r.bytes_sent < 2000);
}

static void
an_upload_that_was_cut_goes_on_with_what_is_missing(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	const size_t n = 9u << 20;

	write_big(f, "a.bin", n, 3);
	add_all(f, "documents");
	open_remote(f, f->relay.port);
	f->relay.lose = "/v1/chunks";
	f->relay.n_lose = 1;
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 1);
	assert_int_equal(f->relay.n_lose, 0);
	/* The answer was lost, not the chunks: nothing of them went a second time. */
	assert_true(r.bytes_sent < n + n / 20);
	assert_int_equal(r.requests, 4); /* have, chunks, have, batch */
}

static void
a_lost_answer_is_no_second_version(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	AUTO(saved_found_clear) struct saved_found found = SAVED_FOUND_INIT;
	struct err err = { 0 };

	three_contacts(f);
	open_remote(f, f->relay.port);
	f->relay.lose = "/v1/batches";
	f->relay.n_lose = 1;
	f->relay.count = "/v1/batches";
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 3);
	assert_int_equal(f->relay.n_count, 2);
	assert_int_equal(saved_find(&found, f->t.box, "contacts", span_str("anna.vcf-uid"), &err),
			 0);
	assert_int_equal(found.saved.versions, 1);
	assert_int_equal(r.seq, 1);
}

static void
a_server_away_is_said_and_the_next_backup_goes_on(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct err err = { 0 };
	struct journal_batch left;

	three_contacts(f);
	live_kill(&f->server);
	assert_int_equal(try_backup(f, &r, NULL, &err), -1);
	assert_int_equal(err.code, ERR_UNREACHABLE);
	assert_int_equal(journal_current(&left, f->t.box, &err), 0);
	assert_int_equal(left.state, JOURNAL_SENT);
	live_start(&f->server, f->server.data, false);
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 3); /* from the journal */
	assert_int_equal(r.requests, 1);
	assert_int_equal(journal_current(&left, f->t.box, &err), BOX_ABSENT);
}

/* Ends the process as soon as a batch lies in the journal. */
static bool
die_when_sealed(void *ctx)
{
	struct fixture *f = ctx;
	struct journal_batch batch;

	if (journal_current(&batch, f->t.box, NULL) == 0)
		_exit(9);
	return false;
}

static void
a_backup_killed_with_a_sealed_batch_is_finished_by_the_next(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	AUTO(buf_clear) struct buf before = BUF_INIT(JOURNAL_BATCH_BYTES_MAX);
	struct journal_batch batch;
	struct err err = { 0 };
	int status;
	pid_t pid;

	three_contacts(f);
	pid = fork();
	if (pid == 0) {
		struct backup_watch watch = { .ctx = f, .cancelled = die_when_sealed };
		static const struct backup_request whole = { 0 };

		open_remote(f, f->server.port);
		backup_run(&r, f->t.box, f->t.remote, &whole, &watch, &err);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);

	open_remote(f, f->server.port);
	assert_int_equal(journal_current(&batch, f->t.box, &err), 0);
	assert_int_equal(journal_read(&before, f->t.box, &batch, &err), 0);
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 3);
	assert_int_equal(r.requests, 1);
	assert_memory_equal(box_identity(f->t.box)->acked_head, batch.head, sizeof batch.head);
	back_up(f, &r);
	assert_int_equal(r.requests, 0);
	assert_int_equal(r.n_unchanged, 3);
}

/* Change a database of the server's or of the Box's behind its back. */
static void
meddle(const char *folder, const char *file, const char *sql)
{
	char path[2 * LIVE_PATH_MAX];
	sqlite3 *db = NULL;
	char *msg = NULL;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &msg) != SQLITE_OK)
		fail_msg("%s: %s", sql, msg);
	assert_true(sqlite3_changes(db) > 0);
	sqlite3_close(db);
}

static void
flip_last_byte(const char *path)
{
	uint8_t byte;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(lseek(fd, -1, SEEK_END) > 0);
	assert_int_equal(read(fd, &byte, 1), 1);
	byte ^= 1;
	assert_true(lseek(fd, -1, SEEK_END) > 0);
	assert_int_equal(write(fd, &byte, 1), 1);
	close(fd);
}

/* Killed between the journal's commit and the look at what the disk gives back. */
static void
a_sealed_batch_that_was_never_checked_nor_sent_is_sealed_anew(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct journal_batch batch;
	struct err err = { 0 };
	char file[LIVE_PATH_MAX], name[64];

	three_contacts(f);
	live_kill(&f->server);
	assert_int_equal(try_backup(f, &r, NULL, &err), -1);
	assert_int_equal(journal_current(&batch, f->t.box, &err), 0);
	live_terminal_close(&f->t);
	in_folder(file, f, "home");
	meddle(file, "box.db", "UPDATE batches SET state = 0, attempts = 0");
	snprintf(name, sizeof name, "home/journal/%lld", (long long)batch.number);
	in_folder(file, f, name);
	flip_last_byte(file);

	live_start(&f->server, f->server.data, false);
	open_remote(f, f->server.port);
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 3);
	assert_memory_not_equal(box_identity(f->t.box)->acked_head, batch.head, sizeof batch.head);
	assert_int_equal(journal_current(&batch, f->t.box, &err), BOX_ABSENT);
	back_up(f, &r);
	assert_int_equal(r.n_unchanged, 3);
}

static void
chunks_that_the_server_lost_are_sent_again(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	AUTO(free) char *face = photo(40000, 9);

	write_card(f, "anna.vcf", "Anna Berg", "+49 30 901820", face);
	add_all(f, "contacts");
	back_up(f, &r);
	live_stop(&f->server);
	meddle(f->server.data, "cloudbox.db", "DELETE FROM chunks");
	live_start(&f->server, f->server.data, false);
	write_card(f, "anna.vcf", "Anna Berg", "+49 30 901821", face);
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 1);
	assert_int_equal(r.n_failed, 0);
	assert_int_equal(r.requests, 4); /* batch: 424; have, chunks, the same batch */
	assert_true(r.bytes_sent > 40000);
	assert_int_equal(r.seq, 2);
}

static void
a_wrong_state_root_is_mended_from_the_servers_list(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	char home[LIVE_PATH_MAX];

	three_contacts(f);
	back_up(f, &r);
	live_terminal_close(&f->t);
	in_folder(home, f, "home");
	meddle(home, "box.db", "UPDATE saved SET leaf = zeroblob(32)");
	open_remote(f, f->server.port);
	write_card(f, "zoe.vcf", "Zoë Lund", "+46 8 123457", "");
	back_up(f, &r);
	assert_true(r.n_uploaded >= 1);
	assert_int_equal(r.n_failed, 0);
	assert_int_equal(r.seq, 2);
	back_up(f, &r); /* what the Box no longer knew is saved anew */
	write_card(f, "zoe.vcf", "Zoë Lund", "+46 8 123458", "");
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 1);
	assert_int_equal(r.requests, 1);
}

static void
a_server_set_back_is_an_alarm_and_can_be_rejoined(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct err err = { 0 };
	char copy[4 * LIVE_PATH_MAX];

	three_contacts(f);
	back_up(f, &r);
	live_stop(&f->server);
	snprintf(copy, sizeof copy, "cp -r '%s' '%s.old'", f->server.data, f->server.data);
	assert_int_equal(system(copy), 0);
	live_start(&f->server, f->server.data, false);
	write_card(f, "zoe.vcf", "Zoë Lund", "+46 8 123457", "");
	back_up(f, &r);
	assert_int_equal(r.seq, 2);

	live_stop(&f->server);
	snprintf(copy, sizeof copy, "rm -r '%s' && mv '%s.old' '%s'", f->server.data,
		 f->server.data, f->server.data);
	assert_int_equal(system(copy), 0);
	live_start(&f->server, f->server.data, false);
	write_card(f, "li.vcf", "李小龙", "+86 10 8888 8889", "");
	assert_int_equal(try_backup(f, &r, NULL, &err), -1);
	assert_int_equal(err.code, ERR_ALARM);
	assert_non_null(strstr(err.msg, "older state"));
	assert_int_equal(try_backup(f, &r, &(struct backup_request){ .check = true }, &err), -1);
	assert_int_equal(err.code, ERR_ALARM);

	backup_result_clear(&r);
	if (backup_rejoin(&r, f->t.box, f->t.remote, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(r.seq, 3);
	back_up(f, &r); /* Zoë's lost version and Li's new one */
	assert_int_equal(r.n_uploaded, 2);
	assert_int_equal(r.seq, 4);
	back_up(f, &r);
	assert_int_equal(r.requests, 0);
	backup_result_clear(&r);
	assert_int_equal(backup_rejoin(&r, f->t.box, f->t.remote, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

static void
a_copied_box_is_stopped(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct err err = { 0 };
	char line[4 * LIVE_PATH_MAX], home[LIVE_PATH_MAX];

	three_contacts(f);
	back_up(f, &r);
	in_folder(home, f, "home");
	live_terminal_close(&f->t);
	snprintf(line, sizeof line, "cp -r '%s' '%s.copy'", home, home);
	assert_int_equal(system(line), 0);
	open_remote(f, f->server.port);
	write_card(f, "zoe.vcf", "Zoë Lund", "+46 8 123457", "");
	back_up(f, &r);

	live_terminal_close(&f->t);
	snprintf(line, sizeof line, "rm -r '%s' && mv '%s.copy' '%s'", home, home, home);
	assert_int_equal(system(line), 0);
	open_remote(f, f->server.port);
	write_card(f, "zoe.vcf", "Zoë Lund", "+46 8 123458", "");
	assert_int_equal(try_backup(f, &r, NULL, &err), -1);
	assert_int_equal(err.code, ERR_ALARM);
	assert_non_null(strstr(err.msg, "did not send it"));
}

static void
a_used_up_quota_is_said_and_small_things_go_on(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct backup_request contacts = { .app = "contacts" };
	struct err err = { 0 };

	write_big(f, "big.bin", 400000, 5);
	add_all(f, "documents");
	three_contacts(f);
	assert_int_equal(try_backup(f, &r, NULL, &err), -1);
	assert_int_equal(err.code, ERR_FULL);
	assert_true(err.hint[0] != 0);
	if (try_backup(f, &r, &contacts, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(r.n_uploaded, 3);
}

static void
a_missing_item_is_reported_and_kept(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	AUTO(saved_found_clear) struct saved_found found = SAVED_FOUND_INIT;
	char path[2 * LIVE_PATH_MAX];
	struct err err = { 0 };

	three_contacts(f);
	back_up(f, &r);
	snprintf(path, sizeof path, "%s/li.vcf", f->contacts);
	assert_int_equal(unlink(path), 0);
	back_up(f, &r);
	assert_int_equal(r.n_missing, 1);
	assert_int_equal(r.n_failed, 0);
	assert_int_equal(r.n_unchanged, 2);
	assert_string_equal(nth(&r, 0).name, "李小龙");
	assert_int_equal(r.requests, 0);
	assert_int_equal(saved_find(&found, f->t.box, "contacts", span_str("li.vcf-uid"), &err), 0);
}

/* A disk that cannot read one file. */
static int
open_but_not_a(int dir_fd, const char *path, int flags, mode_t mode)
{
	if (strcmp(path, "a.txt") == 0) {
		errno = EIO;
		return -1;
	}
	return os_kernel.open_beneath(dir_fd, path, flags, mode);
}

static void
an_unreadable_item_fails_by_name_and_its_neighbours_go_on(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct os broken = os_kernel;

	live_write(f->documents, "a.txt", "a");
	live_write(f->documents, "b.txt", "b");
	add_all(f, "documents");
	broken.open_beneath = open_but_not_a;
	os = &broken;
	back_up(f, &r);
	os = &os_kernel;
	assert_int_equal(r.n_failed, 1);
	assert_int_equal(r.n_uploaded, 1);
	assert_string_equal(nth(&r, 0).id, "a.txt");
	assert_int_equal(nth(&r, 0).outcome, BACKUP_FAILED);
	assert_true(nth(&r, 0).reason[0] != 0);
	back_up(f, &r); /* the disk was mended */
	assert_int_equal(r.n_uploaded, 1);
	assert_string_equal(nth(&r, 0).id, "a.txt");
}

/* A file that grows each time somebody has looked at it. */
static int
growing_fstat(int fd, struct stat *st)
{
	static const char more[] = "and so on\n";
	char path[64];
	int rc = os_kernel.fstat(fd, st);

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (rc == 0 && S_ISREG(st->st_mode)) {
		int again = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

		if (again >= 0) {
			assert_int_equal(write(again, more, sizeof more - 1), sizeof more - 1);
			close(again);
		}
	}
	return rc;
}

static void
a_file_that_keeps_changing_is_reported_and_never_torn(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct os restless = os_kernel;

	live_write(f->documents, "log.txt", "first\n");
	live_write(f->documents, "still.txt", "still\n");
	add_all(f, "documents");
	assert_int_equal(chmod(f->documents, 0700), 0);
	restless.fstat = growing_fstat;
	os = &restless;
	back_up(f, &r);
	os = &os_kernel;
	assert_int_equal(r.n_uploaded, 0);
	assert_int_equal(r.n_failed, 2); /* both grow under this table */
	assert_non_null(strstr(nth(&r, 0).reason, "changed while it was read"));
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 2);
	assert_int_equal(r.n_failed, 0);
}

static void
forgotten_items_leave_the_cloud_and_the_box(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	AUTO(saved_found_clear) struct saved_found found = SAVED_FOUND_INIT;
	static const char *const one[] = { "Anna Berg" };
	struct err err = { 0 };

	three_contacts(f);
	back_up(f, &r);
	backup_result_clear(&r);
	if (backup_forget(&r, f->t.box, f->t.remote, "contacts", one, 1, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(r.n_uploaded, 1);
	assert_int_equal(r.requests, 1);
	assert_int_equal(saved_find(&found, f->t.box, "contacts", span_str("anna.vcf-uid"), &err),
			 -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	back_up(f, &r);
	assert_int_equal(r.requests, 0);
	assert_int_equal(r.n_unchanged, 2);

	backup_result_clear(&r);
	assert_int_equal(backup_forget(&r, f->t.box, f->t.remote, "contacts", NULL, 0, NULL, &err),
			 0);
	assert_int_equal(r.n_uploaded, 2);
	backup_result_clear(&r);
	assert_int_equal(backup_forget(&r, f->t.box, f->t.remote, "contacts", one, 1, NULL, &err),
			 -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* Last changed an hour ago: what was written a moment before a scan is looked at again. */
static void
make_old(const struct fixture *f, const char *name)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	char path[2 * LIVE_PATH_MAX];

	times[1].tv_sec = (time_t)(os->now_unix_ms() / 1000 - 3600);
	snprintf(path, sizeof path, "%s/%s", f->documents, name);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Counts what is opened. */
static unsigned n_opened;

static int
open_and_count(int dir_fd, const char *path, int flags, mode_t mode)
{
	n_opened += strcmp(path, "letter.txt") == 0 || strcmp(path, "big.bin") == 0;
	return os_kernel.open_beneath(dir_fd, path, flags, mode);
}

static void
files_that_were_saved_are_not_read_again(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct os counting = os_kernel;

	live_write(f->documents, "letter.txt", "Dear Zoë,\n");
	write_big(f, "big.bin", 100000, 4);
	make_old(f, "letter.txt");
	make_old(f, "big.bin");
	add_all(f, "documents");
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 2);
	assert_false(r.estimated);
	counting.open_beneath = open_and_count;
	os = &counting;
	n_opened = 0;
	back_up(f, &r);
	os = &os_kernel;
	assert_int_equal(r.n_unchanged, 2);
	assert_int_equal(n_opened, 0);
}

static void
what_an_item_will_cost_is_told_exactly(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	AUTO(free) char *face = photo(30000, 11);
	AUTO(backup_expecting_free) struct backup_expecting *expecting = NULL;
	struct err err = { 0 };
	uint64_t anna, big, gone;
	const char *why_not;

	write_card(f, "anna.vcf", "Anna Berg", "+49 30 901820", face);
	write_big(f, "big.bin", 100000, 2);
	add_all(f, "contacts");
	add_all(f, "documents");
	assert_int_equal(backup_expecting_new(&expecting, f->t.box, &err), 0);
	assert_int_equal(backup_expecting_item(&anna, &why_not, expecting, "contacts",
					       span_str("anna.vcf-uid"), &err),
			 0);
	assert_null(why_not);
	assert_int_equal(backup_expecting_item(&big, &why_not, expecting, "documents",
					       span_str("big.bin"), &err),
			 0);
	assert_null(why_not);
	assert_int_equal(backup_expecting_item(&gone, &why_not, expecting, "documents",
					       span_str("gone.txt"), &err),
			 0);
	assert_non_null(why_not);
	assert_int_equal(gone, 0);
	backup_expecting_free(TAKE(expecting));
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 2);
	assert_int_equal(nth(&r, 0).bytes, anna);
	assert_int_equal(nth(&r, 1).bytes, big);
}

static void
parts_of_the_box_are_backed_up_by_app_item_and_selection(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	static const char *const items[] = { "Zoë Lund", "zoe.vcf-uid" };
	struct backup_request item = { .app = "contacts", .items = items, .n_items = 2 };
	struct backup_request selected = { .selected = true };
	struct backup_request app = { .app = "contacts" };
	struct err err = { 0 };

	three_contacts(f);
	live_write(f->documents, "letter.txt", "Dear Zoë,\n");
	add_all(f, "documents");
	assert_int_equal(try_backup(f, &r, &item, &err), 0);
	assert_int_equal(r.n_uploaded, 1); /* named twice, once sent */
	assert_int_equal(shortcut_select(f->t.box, "contacts", span_str("li.vcf-uid"), true, &err),
			 0);
	assert_int_equal(try_backup(f, &r, &selected, &err), 0);
	assert_int_equal(r.n_uploaded, 1);
	assert_string_equal(nth(&r, 0).name, "李小龙");
	assert_int_equal(try_backup(f, &r, &app, &err), 0);
	assert_int_equal(r.n_uploaded, 1);
	assert_int_equal(r.n_unchanged, 2);
	back_up(f, &r);
	assert_int_equal(r.n_uploaded, 1);
	assert_string_equal(nth(&r, 0).app, "documents");
	item.items = &(const char *const){ "nobody" };
	item.n_items = 1;
	assert_int_equal(try_backup(f, &r, &item, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static int
count_receipt(void *ctx, const struct receipt *receipt, struct err *err)
{
	struct receipt *last = ctx;

	(void)err;
	if (last->number++ == 0)
		last->bytes_sent = receipt->bytes_sent;
	last->items += receipt->items;
	return 0;
}

static void
a_backup_that_sent_leaves_a_receipt_and_one_that_did_not_none(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct receipt sum = { 0 };
	uint64_t sent;

	three_contacts(f);
	back_up(f, &r);
	sent = r.bytes_sent;
	back_up(f, &r);
	assert_int_equal(receipts_each(f->t.box, count_receipt, &sum, NULL), 0);
	assert_int_equal(sum.number, 1);
	assert_int_equal(sum.items, 3);
	assert_int_equal(sum.bytes_sent, sent);
}

static void
a_check_with_nothing_changed_asks_the_server(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct backup_request check = { .check = true };
	struct err err = { 0 };

	three_contacts(f);
	back_up(f, &r);
	if (try_backup(f, &r, &check, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(r.n_unchanged, 3);
	assert_int_equal(r.requests, 1);
	assert_in_range(r.bytes_sent + r.bytes_received, 1, 400);
}

/* Whatever failed, or wherever it was killed: the next backup finds its way, and all is saved. */
static void
recovers(struct fixture *f, unsigned nth)
{
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct err err = { 0 };

	if (try_backup(f, &r, NULL, &err) < 0)
		fail_msg("after a fault at call %u: %s (%s)", nth, err.msg, err.where);
	assert_int_equal(r.n_failed, 0);
	back_up(f, &r);
	assert_int_equal(r.n_unchanged, 4);
	assert_int_equal(r.requests, 0);
}

/* Something small, and something that needs chunks, differ from what is saved. */
static void
change_two(struct fixture *f, unsigned nth)
{
	char tel[32];

	sprintf(tel, "+46 8 %06u", nth);
	write_card(f, "zoe.vcf", "Zoë Lund", tel, "");
	write_big(f, "big.bin", 40000, nth);
}

static void
no_failing_call_loses_anything(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct os_fault fault = { .fired = true };
	unsigned nth = 0;

	three_contacts(f);
	write_big(f, "big.bin", 40000, 0);
	add_all(f, "documents");
	back_up(f, &r);
	while (fault.fired) {
		struct err err = { 0 };
		int rc;

		change_two(f, ++nth);
		os_fault_at(&fault, nth, nth % 2 ? EIO : ENOSPC, OS_FAULT_ONCE);
		rc = try_backup(f, &r, NULL, &err);
		os_fault_end(&fault);
		if (rc < 0)
			assert_true(err.code != ERR_NONE && err.msg[0]);
		recovers(f, nth);
	}
	assert_true(nth > 10); /* all were reached */
	print_message("%u calls failed in turn\n", nth - 1);
}

/* Temporary files of killed runs go when they are old.  Here they would make each run's calls one
 * more than those of the run before, and the sweep would never end. */
static void
remove_leftovers(const struct fixture *f)
{
	char line[2 * LIVE_PATH_MAX];

	snprintf(line, sizeof line, "rm -f '%s'/home/journal/.cloudbox-*~", f->folder.path);
	assert_int_equal(system(line), 0);
}

static void
killed_before_any_call_nothing_is_lost(void **state)
{
	struct fixture *f = running(state);
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	unsigned nth = 0;
	int status = 0;

	three_contacts(f);
	write_big(f, "big.bin", 40000, 0);
	add_all(f, "documents");
	back_up(f, &r);
	do {
		pid_t pid;

		change_two(f, ++nth);
		live_terminal_close(&f->t);
		remove_leftovers(f);
		pid = fork();
		if (pid == 0) {
			static const struct backup_request whole = { 0 };
			struct os_fault fault;
			struct err err;

			open_remote(f, f->server.port);
			os_fault_at(&fault, nth, 0, OS_FAULT_KILL);
			_exit(backup_run(&r, f->t.box, f->t.remote, &whole, NULL, &err) < 0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		open_remote(f, f->server.port);
		recovers(f, nth);
	} while (WEXITSTATUS(status) == OS_FAULT_EXIT);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(nth > 10);
	print_message("killed before each of %u calls\n", nth - 1);
}

#define LIVE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(the_first_backup_is_one_request_and_the_second_none),
		LIVE_TEST(one_changed_field_costs_one_small_request),
		LIVE_TEST(a_touched_file_makes_no_version_and_a_changed_one_does),
		LIVE_TEST(a_large_file_goes_ahead_in_pieces_that_are_not_sent_twice),
		LIVE_TEST(an_upload_that_was_cut_goes_on_with_what_is_missing),
		LIVE_TEST(a_lost_answer_is_no_second_version),
		LIVE_TEST(a_server_away_is_said_and_the_next_backup_goes_on),
		LIVE_TEST(a_backup_killed_with_a_sealed_batch_is_finished_by_the_next),
		LIVE_TEST(a_sealed_batch_that_was_never_checked_nor_sent_is_sealed_anew),
		LIVE_TEST(chunks_that_the_server_lost_are_sent_again),
		LIVE_TEST(a_wrong_state_root_is_mended_from_the_servers_list),
		LIVE_TEST(a_server_set_back_is_an_alarm_and_can_be_rejoined),
		LIVE_TEST(a_copied_box_is_stopped),
		cmocka_unit_test_setup_teardown(a_used_up_quota_is_said_and_small_things_go_on,
						setup_small, teardown),
		LIVE_TEST(a_missing_item_is_reported_and_kept),
		LIVE_TEST(an_unreadable_item_fails_by_name_and_its_neighbours_go_on),
		LIVE_TEST(a_file_that_keeps_changing_is_reported_and_never_torn),
		LIVE_TEST(forgotten_items_leave_the_cloud_and_the_box),
		LIVE_TEST(files_that_were_saved_are_not_read_again),
		LIVE_TEST(what_an_item_will_cost_is_told_exactly),
		LIVE_TEST(parts_of_the_box_are_backed_up_by_app_item_and_selection),
		LIVE_TEST(a_backup_that_sent_leaves_a_receipt_and_one_that_did_not_none),
		LIVE_TEST(no_failing_call_loses_anything),
		LIVE_TEST(killed_before_any_call_nothing_is_lost),
		LIVE_TEST(a_check_with_nothing_changed_asks_the_server),
	};
	struct err err;

	return crypto_init(&err) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
