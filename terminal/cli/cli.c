/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli: see cli.h.  The order of a run:
 *
 *     secrets out of the environment -> language -> words and options -> command -> one document,
 *     or lines -> release
 */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "account/account.h"
#include "box/identity.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/resident.h"
#include "cli/table.h"
#include "crypto/crypto.h"
#include "os/os.h"
#include "os/spool.h"
#include "remote/remote.h"

#define SHOWN_BYTES 4096 /* of one text that is printed */
#define VALUE_BYTES 240  /* of one field's value */

int
cli_exit_status(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return CLI_DONE;
	case ERR_USAGE:
		return CLI_USAGE;
	case ERR_PARTIAL:
		return CLI_PARTIAL;
	case ERR_LOCKED:
		return CLI_LOCKED;
	case ERR_UNREACHABLE:
		return CLI_UNREACHABLE;
	default:
		return CLI_FAILED;
	}
}

/* Option @name's value before anything is parsed, since errors of parsing depend on it. */
static const char *
early_option(int argc, char **argv, const char *name, bool has_value)
{
	size_t n = strlen(name);

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], name, n) != 0)
			continue;
		if (argv[i][n] == '=')
			return argv[i] + n + 1;
		if (argv[i][n] == '\0')
			return has_value ? argv[i + 1] : name;
	}
	return NULL;
}

static void
choose_language(int argc, char **argv)
{
	const char *lang = early_option(argc, argv, "--lang", true);
	char dir[4096];

	text_find_catalogues(dir, sizeof dir, CLOUDBOX_LOCALE_DIR);
	text_init(lang ? lang : getenv("CLOUDBOX_LANG"), dir);
}

static void
look_at_terminal(struct cli *cli)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	bool dumb = term && !strcmp(term, "dumb");
	bool colours = !(no_colour && *no_colour) && !dumb;
	struct winsize size;

	cli->colour_out = colours && isatty(STDOUT_FILENO);
	cli->colour_err = colours && isatty(STDERR_FILENO);
	cli->progress = !cli->json && !dumb && isatty(STDERR_FILENO);
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		cli->width = size.ws_col;
}

static int
take_secrets(struct cli *cli, struct err *err)
{
	int rc = 0;

	/* All three, even where one fails: each is wiped. */
	rc |= typed_from_environment(&cli->passphrase, "CLOUDBOX_PASSPHRASE", err);
	rc |= typed_from_environment(&cli->new_passphrase, "CLOUDBOX_NEW_PASSPHRASE", err);
	rc |= typed_from_environment(&cli->recovery, "CLOUDBOX_RECOVERY_CODE", err);
	return rc ? -1 : 0;
}

static int
choose_answer(struct cli *cli, struct err *err)
{
	bool yes = args_has(&cli->args, "--yes"), no = args_has(&cli->args, "--no");

	if (yes && no)
		return err_set(err, ERR_USAGE, "--yes and --no cannot both be meant");
	cli->answer = yes ? ANSWER_YES : no ? ANSWER_NO : ANSWER_ASK;
	return 0;
}

static int
print_version(struct cli *cli)
{
	if (cli->json) {
		struct json_object *o = json_record(cli);

		json_put_text(cli, o, "version", CLOUDBOX_VERSION);
		json_result(cli, o);
	} else {
		printf("cloudbox %s\n", CLOUDBOX_VERSION);
	}
	return CLI_DONE;
}

static int
run(struct cli *cli, int argc, char **argv, struct err *err)
{
	static const struct args_tables tables = { commands, global_options };
	const struct command *command;
	int status;

	if (args_parse(&cli->args, &tables, argc, argv, err) < 0)
		return -1;
	command = cli->args.command;
	if (args_has(&cli->args, "--help")) {
		if (command)
			help_command(cli, command);
		else
			help_overview(cli);
		return CLI_DONE;
	}
	if (!command && args_has(&cli->args, "--version"))
		return print_version(cli);
	if (!command) {
		err_set(err, ERR_USAGE, "no command was given");
		return err_hint(err, "all commands: cloudbox --help");
	}
	if (args_check(&cli->args, err) < 0 || choose_answer(cli, err) < 0 ||
	    crypto_init_secrets(err) < 0 || crypto_protect_process(err) < 0)
		return -1;
	status = command->run(cli, err);
	if (status == CLI_DONE || status == CLI_PARTIAL)
		resident_notice(cli);
	return status;
}

static void
report_error(struct cli *cli, const struct err *err)
{
	if (cli->json && !cli->json_told) {
		struct json_object *o = json_record(cli), *error = json_record(cli);

		json_put_text(cli, error, "code", err_code_name(err->code));
		json_put_text(cli, error, "message", err->msg);
		json_put_text(cli, error, "hint", err->hint);
		json_put(cli, o, "error", error);
		json_result(cli, o);
		return;
	}
	fprintf(stderr, "%scloudbox:%s %s\n", cli->colour_err ? "\033[1;31m" : "",
		cli->colour_err ? "\033[0m" : "", cli_clean(err->msg));
	if (err->hint[0])
		fprintf(stderr, "  %s\n", cli_clean(err->hint));
}

/* What was written down as it came. */
static int
print_document(struct cli *cli, struct err *err)
{
	struct span text;
	int rc;

	spool_rewind(cli->document.text);
	while ((rc = spool_next(&text, cli->document.text, err)) == 0)
		fwrite(text.p, 1, text.n, stdout);
	putchar('\n');
	return rc < 0 ? -1 : 0;
}

/* The document, and whether all that was printed arrived.  @return the exit status. */
static int
print_result(struct cli *cli, int status)
{
	struct err err;

	if (cli->json && cli->result) {
		printf("%s\n",
		       json_object_to_json_string_ext(cli->result, JSON_C_TO_STRING_NOSLASHESCAPE));
	} else if (cli->document.text && print_document(cli, &err) < 0) {
		fprintf(stderr, "cloudbox: %s\n", cli_clean(err.msg));
		status = CLI_FAILED;
	}
	if (fflush(stdout) == 0 && !ferror(stdout) && !cli->json_failed)
		return status;
	if (cli->json_failed)
		fprintf(stderr, "cloudbox: %s\n", _("out of memory"));
	else if (errno != EPIPE) /* whoever reads may have seen enough */
		fprintf(stderr, _("cloudbox: the output cannot be written: %s\n"), strerror(errno));
	return status == CLI_DONE ? CLI_FAILED : status;
}

static void
release(struct cli *cli)
{
	unlocked_free(cli->unlocked);
	remote_free(cli->remote);
	box_free(cli->box);
	typed_free(cli->passphrase);
	typed_free(cli->new_passphrase);
	typed_free(cli->recovery);
	json_object_put(cli->result);
	spool_free(cli->document.text);
	args_clear(&cli->args);
}

int
cli_main(int argc, char **argv)
{
	struct cli cli = { 0 };
	struct err err = { 0 };
	int status;

	signal(SIGPIPE, SIG_IGN);
	status = take_secrets(&cli, &err);
	choose_language(argc, argv);
	cli.json = early_option(argc, argv, "--json", false);
	look_at_terminal(&cli);
	if (status == 0)
		status = run(&cli, argc, argv, &err);
	if (status < 0) {
		report_error(&cli, &err);
		status = cli_exit_status(err.code);
	}
	status = print_result(&cli, status);
	release(&cli);
	return status;
}

struct box *
cli_box(struct cli *cli, struct err *err)
{
	AUTO(free) char *home = NULL;

	if (cli->box)
		return cli->box;
	if (crypto_init(err) < 0 || box_home(&home, args_value(&cli->args, "--home"), err) < 0 ||
	    box_open(&cli->box, home, err) < 0)
		return NULL;
	return cli->box;
}

struct box *
cli_account_box(struct cli *cli, struct err *err)
{
	const struct identity *id;
	struct box *box = cli_box(cli, err);

	if (!box)
		return NULL;
	if (box_identity_need(&id, box, err) < 0) {
		err->code = ERR_NOT_FOUND; /* the call is right; what it is about is not there */
		return NULL;
	}
	return box;
}

int
cli_server(struct remote_url *out, const struct cli *cli, struct err *err)
{
	const struct identity_server *server = &box_identity(cli->box)->server;

	if (remote_url_parse(out, span_str(server->url), err) < 0)
		return -1;
	out->pinned = server->tls == IDENTITY_TLS_PIN;
	memcpy(out->pin, server->pin, sizeof out->pin);
	return 0;
}

struct remote *
cli_remote(struct cli *cli, struct err *err)
{
	struct remote_url url;

	if (cli->remote)
		return cli->remote;
	if (!cli_account_box(cli, err) || cli_server(&url, cli, err) < 0 ||
	    remote_new(&cli->remote, &url, NULL, err) < 0)
		return NULL;
	return cli->remote;
}

void
cli_warn(const struct cli *cli, const char *sentence)
{
	fprintf(stderr, "%s%s%s %s\n", cli->colour_err ? "\033[33m" : "", _("note:"),
		cli->colour_err ? "\033[0m" : "", cli_clean(sentence));
}

const char *
cli_bold(const struct cli *cli)
{
	return cli->colour_out ? "\033[1m" : "";
}

const char *
cli_dim(const struct cli *cli)
{
	return cli->colour_out ? "\033[2m" : "";
}

const char *
cli_green(const struct cli *cli)
{
	return cli->colour_out ? "\033[32m" : "";
}

const char *
cli_yellow(const struct cli *cli)
{
	return cli->colour_out ? "\033[33m" : "";
}

const char *
cli_red(const struct cli *cli)
{
	return cli->colour_out ? "\033[31m" : "";
}

const char *
cli_plain(const struct cli *cli)
{
	return cli->colour_out ? "\033[0m" : "";
}

/* Cleaned, in one of four buffers that take turns. */
static char *
clean_into_next(const char *text)
{
	static char shown[4][SHOWN_BYTES];
	static unsigned next;
	AUTO(buf_clear) struct buf clean = BUF_INIT(SHOWN_BYTES - 1);
	char *out = shown[next++ % 4];

	text_clean(&clean, text, 0, NULL); /* what does not fit stays away */
	memcpy(out, buf_str(&clean), clean.n + 1);
	return out;
}

const char *
cli_clean(const char *text)
{
	return clean_into_next(text);
}

const char *
cli_value(const char *text)
{
	char *out = clean_into_next(text);
	size_t n = strlen(out);

	if (n > VALUE_BYTES) {
		for (n = VALUE_BYTES; (out[n] & 0xc0) == 0x80; n--)
			; /* not within a character */
		strcpy(out + n, "…");
	}
	return out;
}
