/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloudboxd: the server program.  This file parses the command line, opens the data or asks the
 * server that has them, and is the only one that prints results and exits.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin.h"
#include "base/text.h"
#include "control.h"
#include "crypto/crypto.h"
#include "options.h"
#include "serve.h"
#include "tls.h"

#define EXIT_USAGE 2

/* --- printing --- */

static void
print_json(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void
print_error_json(const char *code, const char *message, const char *hint)
{
	struct json_object *doc = json_object_new_object(), *e = json_object_new_object();

	json_object_object_add(e, "code", json_object_new_string(code));
	json_object_object_add(e, "message", json_object_new_string(message));
	json_object_object_add(e, "hint", json_object_new_string(hint));
	json_object_object_add(doc, "error", e);
	print_json(doc);
	json_object_put(doc);
}

static void
print_error(bool json, const char *code, const char *message, const char *hint)
{
	if (json) {
		print_error_json(code, message, hint);
		return;
	}
	fprintf(stderr, "cloudboxd: %s\n", message);
	if (*hint)
		fprintf(stderr, "  %s\n", hint);
}

static const char *
member_text(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) && v ? json_object_get_string(v) : "";
}

static double
member_number(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) ? json_object_get_double(v) : 0;
}

static void
print_version(bool json)
{
	struct json_object *o;

	if (!json) {
		puts("cloudboxd " CLOUDBOX_VERSION);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "version", json_object_new_string(CLOUDBOX_VERSION));
	print_json(o);
	json_object_put(o);
}

static void
print_help(bool json)
{
	struct json_object *o;

	if (!json) {
		fputs(options_help(), stdout);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "help", json_object_new_string(options_help()));
	print_json(o);
	json_object_put(o);
}

/* "1.2 GiB" in a buffer of its own, so that several can stand in one call. */
struct size_text {
	char s[24];
};

static struct size_text
size_text(double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	struct size_text t;
	size_t i = 0;

	for (; bytes >= 1024 && i + 1 < sizeof units / sizeof units[0]; i++)
		bytes /= 1024;
	snprintf(t.s, sizeof t.s, i ? "%.1f %s" : "%.0f %s", bytes, units[i]);
	return t;
}

/* What `--json` has as a word, for people. */
static const char *
state_text(const char *word)
{
	static const char *const states[][2] = {
		{ "active", N_("active") },     { "alive", N_("alive") },
		{ "revoked", N_("revoked") },   { "retired", N_("retired") },
		{ "replaced", N_("replaced") }, { "suspended", N_("suspended") },
		{ "removed", N_("removed") },
	};
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (!strcmp(word, states[i][0]))
			return text(states[i][1]);
	return word;
}

/* What an alarm is about, in a word or two. */
static const char *
alarm_text(const char *word)
{
	static const char *const kinds[][2] = {
		{ "silence", N_("a device does not come") },
		{ "drill", N_("a drill failed") },
		{ "quota", N_("the quota nears") },
		{ "fills", N_("the quota will be full soon") },
		{ "hold", N_("clearing stands still") },
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(word, kinds[i][0]))
			return text(kinds[i][1]);
	return word;
}

static void
print_account(struct json_object *a)
{
	printf(_("%s  %s  devices %.0f, %s of %s\n"), member_text(a, "account"),
	       state_text(member_text(a, "state")), member_number(a, "devices"),
	       size_text(member_number(a, "bytes")).s, size_text(member_number(a, "quota")).s);
	if (*member_text(a, "delete_in_days"))
		printf(_("  to be deleted in %.0f days of running: its owner said so\n"),
		       member_number(a, "delete_in_days"));
}

static void
print_alarms(struct json_object *a)
{
	struct json_object *list;

	if (!json_object_object_get_ex(a, "alarms", &list))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		const char *device = member_text(one, "device");

		printf(_("alarm: %s, since %s, %s\n"), alarm_text(member_text(one, "kind")),
		       member_text(one, "since"), *device ? device : _("the account"));
	}
}

static void
print_recipient(struct json_object *a)
{
	if (*member_text(a, "mail"))
		printf(_("alarms by mail to %s\n"), member_text(a, "mail"));
	if (*member_text(a, "webhook"))
		printf(_("alarms to %s\n"), member_text(a, "webhook"));
}

static void
print_accounts(struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		print_account(json_object_array_get_idx(list, i));
}

static void
print_devices(struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *d = json_object_array_get_idx(list, i);
		const char *seen = member_text(d, "last_seen");
		printf(_("%s  %s  backups %.0f, last seen %s\n"), member_text(d, "device"),
		       state_text(member_text(d, "state")), member_number(d, "seq"),
		       *seen ? seen : _("never"));
	}
}

/* "full in 5 months" */
static void
print_full_in(double days)
{
	unsigned long n = (unsigned long)days;

	if (n >= 2 * 365) {
		n /= 365;
		printf(text_plural("full in   %lu year\n", "full in   %lu years\n", n), n);
	} else if (n >= 2 * 30) {
		n /= 30;
		printf(text_plural("full in   %lu month\n", "full in   %lu months\n", n), n);
	} else {
		printf(text_plural("full in   %lu day\n", "full in   %lu days\n", n), n);
	}
}

static void
print_usage(struct json_object *u)
{
	printf(_("accounts  %.0f\nstored    %s\nobjects   %.0f\nfree      %s\n"),
	       member_number(u, "accounts"), size_text(member_number(u, "bytes")).s,
	       member_number(u, "objects"), size_text(member_number(u, "free")).s);
	if (*member_text(u, "full_in_days"))
		print_full_in(member_number(u, "full_in_days"));
}

static void
print_check(struct json_object *c)
{
	struct json_object *list = NULL;
	size_t n;

	json_object_object_get_ex(c, "damaged", &list);
	n = json_object_array_length(list);
	for (size_t i = 0; i < n; i++) {
		struct json_object *d = json_object_array_get_idx(list, i);
		printf(_("damaged: account %s, device %s, batch %.0f, object %s: %s\n"),
		       member_text(d, "account"), member_text(d, "device"), member_number(d, "seq"),
		       member_text(d, "object"), member_text(d, "reason"));
	}
	printf(_("checked %.0f, damaged %zu\n"), member_number(c, "checked"), n);
}

static void
print_tidied(struct json_object *t)
{
	struct json_object *held = NULL;

	json_object_object_get_ex(t, "held", &held);
	for (size_t i = 0; i < json_object_array_length(held); i++) {
		struct json_object *h = json_object_array_get_idx(held, i);
		printf(_("held: account %s, device %s, folder %s: too many items would go at "
			 "once\n"),
		       member_text(h, "account"), member_text(h, "device"),
		       member_text(h, "folder"));
	}
	printf(_("cleared: versions %.0f, objects %.0f, accounts %.0f; %s given back\n"),
	       member_number(t, "versions"), member_number(t, "objects"),
	       member_number(t, "accounts"), size_text(member_number(t, "bytes")).s);
}

static void
print_result(const struct options *o, struct json_object *result)
{
	if (o->json) {
		print_json(result);
		return;
	}
	switch (o->command) {
	case COMMAND_INVITE:
		puts(member_text(result, "invitation"));
		return;
	case COMMAND_ACCOUNTS:
		print_accounts(result);
		return;
	case COMMAND_ACCOUNT:
		print_account(result);
		print_recipient(result);
		print_alarms(result);
		return;
	case COMMAND_DEVICES:
		print_devices(result);
		return;
	case COMMAND_USAGE:
		print_usage(result);
		return;
	case COMMAND_CHECK:
		print_check(result);
		return;
	case COMMAND_TIDY:
		print_tidied(result);
		return;
	case COMMAND_SNAPSHOT:
		printf(_("copied: objects %.0f, %s\n"), member_number(result, "objects"),
		       size_text(member_number(result, "bytes")).s);
		return;
	case COMMAND_SERVE:
	case COMMAND_HELP:
	case COMMAND_VERSION:
		return;
	}
}

/* --- commands that ask --- */

/* The server's working folder is another than ours. */
static void
add_folder(struct json_object *r, const char *path)
{
	char here[4096] = "", whole[8192];

	if (*path != '/' && !getcwd(here, sizeof here))
		*here = '\0';
	snprintf(whole, sizeof whole, *path == '/' ? "%s%s" : "%s/%s", here, path);
	json_object_object_add(r, "folder", json_object_new_string(whole));
}

static struct json_object *
make_request(const struct options *o)
{
	struct json_object *r = json_object_new_object();

	json_object_object_add(r, "command", json_object_new_string(o->name));
	json_object_object_add(r, "quota", json_object_new_uint64(o->quota_bytes));
	json_object_object_add(r, "valid_ms", json_object_new_int64(o->valid_ms));
	if (o->mail)
		json_object_object_add(r, "mail", json_object_new_string(o->mail));
	if (o->webhook)
		json_object_object_add(r, "webhook", json_object_new_string(o->webhook));
	json_object_object_add(r, "all", json_object_new_boolean(o->all));
	if (o->command == COMMAND_ACCOUNT && o->has_quota)
		json_object_object_add(r, "new_quota", json_object_new_uint64(o->quota_bytes));
	if (o->argument && o->command == COMMAND_SNAPSHOT)
		add_folder(r, o->argument);
	else if (o->argument)
		json_object_object_add(r, "account", json_object_new_string(o->argument));
	if (o->suspend)
		json_object_object_add(r, "suspend", json_object_new_string(o->suspend));
	if (o->resume)
		json_object_object_add(r, "resume", json_object_new_string(o->resume));
	if (o->remove)
		json_object_object_add(r, "remove", json_object_new_boolean(true));
	return r;
}

/* The address for invitations while nothing runs: the last server's, else the default one. */
static int
fill_address(struct admin *a, struct err *err)
{
	AUTO(tls_clear) struct tls tls = { 0 };

	if (installation_address_get(a->installation, &a->address, err) < 0)
		return -1;
	if (a->address.url[0])
		return 0;
	if (tls_own(&tls, a->installation->dir_fd, err) < 0)
		return -1;
	snprintf(a->address.url, sizeof a->address.url, "https://127.0.0.1:8467");
	a->address.pinned = true;
	memcpy(a->address.pin, tls.pin, sizeof a->address.pin);
	return 0;
}

/* Do it on the data, or have it done by the server that has them. */
static int
get_answer(struct json_object **answer, struct installation *in, const struct options *o,
	   struct json_object *request, struct err *err)
{
	struct admin admin = { .installation = in, .min_free_bytes = UINT64_MAX };
	int rc = installation_lock(in, &o->installation, err);

	if (rc == INSTALLATION_BUSY)
		return control_ask(answer, in->dir_fd, request, err);
	if (rc < 0 || installation_open(in, &o->installation, err) < 0 ||
	    (o->command == COMMAND_INVITE && fill_address(&admin, err) < 0))
		return -1;
	*answer = admin_answer(&admin, request);
	return *answer ? 0 : err_nomem(err);
}

static int
ask(const struct options *o, struct err *err)
{
	AUTO(installation_clear) struct installation in = INSTALLATION_INIT;
	struct json_object *request = make_request(o), *answer = NULL, *part;
	int rc = get_answer(&answer, &in, o, request, err);
	int status = 1;

	if (rc == 0) {
		status = (int)member_number(answer, "status");
		if (json_object_object_get_ex(answer, "error", &part))
			print_error(o->json, member_text(part, "code"),
				    member_text(part, "message"), member_text(part, "hint"));
		else if (json_object_object_get_ex(answer, "result", &part))
			print_result(o, part);
	}
	json_object_put(request);
	json_object_put(answer);
	return rc < 0 ? -1 : status;
}

/* --- serve --- */

static int
run_server(const struct options *o, struct err *err)
{
	AUTO(installation_clear) struct installation in = INSTALLATION_INIT;
	sigset_t signals;

	/* Before there is any thread: all of them are to leave these to the one that waits. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	int rc = installation_lock(&in, &o->installation, err);
	if (rc == INSTALLATION_BUSY) {
		err_set(err, ERR_BUSY, "a server runs on this data folder already");
		return err_hint(err, "stop it first, or give another folder with --data DIR");
	}
	if (rc < 0 || installation_open(&in, &o->installation, err) < 0)
		return -1;
	return serve(&in, o, err);
}

static int
run(const struct options *o, struct err *err)
{
	if (o->command == COMMAND_HELP) {
		print_help(o->json);
		return 0;
	}
	if (o->command == COMMAND_VERSION) {
		print_version(o->json);
		return 0;
	}
	/* A core dump would hold the TLS key and tokens. */
	if (setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) < 0)
		return err_sys(err, errno, "forbidding core dumps");
	if (crypto_init(err) < 0)
		return -1;
	return o->command == COMMAND_SERVE ? run_server(o, err) : ask(o, err);
}

/* The language must be known before the first message, also one about the command line. */
static const char *
language(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--lang=", 7))
			return argv[i] + 7;
		if (!strcmp(argv[i], "--lang") && i + 1 < argc)
			return argv[i + 1];
	}
	return getenv("CLOUDBOX_LANG");
}

int
main(int argc, char **argv)
{
	char locale_dir[4096];
	struct options o;
	struct err err = { 0 };

	umask(077);              /* what lies in the data folder is nobody else's */
	mallopt(M_ARENA_MAX, 2); /* threads here wait more than they allocate */
	text_find_catalogues(locale_dir, sizeof locale_dir, LOCALEDIR);
	text_init(language(argc, argv), locale_dir);
	int rc = options_parse(&o, argc, argv, &err);
	if (rc == 0)
		rc = run(&o, &err);
	if (rc >= 0)
		return rc;
	print_error(o.json, err_code_name(err.code), err.msg, err.hint);
	return err.code == ERR_USAGE ? EXIT_USAGE : 1;
}
