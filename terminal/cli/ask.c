/* SPDX-License-Identifier: Apache-2.0 */
/* ask: see ask.h. */
#include "cli/ask.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "box/settings.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "crypto/passphrase.h"
#include "crypto/recovery.h"
#include "os/os.h"

#define LINE_BYTES_MAX 1024

/* Where a secret may come from, in this order; then from the terminal. */
struct source {
	const char *option;        /* names a file */
	const char *file_variable; /* names a file; NULL: none */
	const char *variable;      /* the secret itself, taken out of the environment at start */
};

static const struct source passphrase_source = {
	"--passphrase-file",
	"CLOUDBOX_PASSPHRASE_FILE",
	"CLOUDBOX_PASSPHRASE",
};
static const struct source new_passphrase_source = {
	"--new-passphrase-file",
	NULL,
	"CLOUDBOX_NEW_PASSPHRASE",
};
static const struct source recovery_source = {
	"--recovery-file",
	NULL,
	"CLOUDBOX_RECOVERY_CODE",
};

/* One line of the terminal, without its end. */
static int
read_line(struct buf *out, struct err *err)
{
	for (;;) {
		uint8_t c;
		ssize_t n = os->read(STDIN_FILENO, &c, 1);

		if (n < 0 && errno == EINTR && interrupt_came(NULL))
			return err_set(err, ERR_CANCELLED, "stopped");
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "the terminal cannot be read");
		if (n == 0 && out->n == 0)
			return err_set(err, ERR_CANCELLED, "nothing was typed");
		if (n == 0 || c == '\n')
			return 0;
		if (buf_append_byte(out, c, err) < 0)
			return -1;
	}
}

/* 1 yes, 0 no, -1 neither. */
static int
understand(const char *answer)
{
	const char *yes = _("y"), *no = _("n");

	while (isspace((unsigned char)*answer))
		answer++;
	if (*answer == 'y' || *answer == 'Y' || !strncmp(answer, yes, strlen(yes)))
		return 1;
	if (*answer == '\0' || *answer == 'n' || *answer == 'N' || !strncmp(answer, no, strlen(no)))
		return 0;
	return -1;
}

int
ask_yes_no(const struct cli *cli, const char *question, struct err *err)
{
	if (cli->answer != ANSWER_ASK)
		return cli->answer == ANSWER_YES;
	if (!isatty(STDIN_FILENO)) {
		err_set(err, ERR_USAGE, "a question, and no terminal to ask it on: %s", question);
		return err_hint(err, "answer it with --yes or --no");
	}
	for (;;) {
		AUTO(buf_clear) struct buf line = BUF_INIT(LINE_BYTES_MAX);
		int said;

		fprintf(stderr, _("%s [y/N] "), question);
		fflush(stderr);
		if (read_line(&line, err) < 0)
			return -1;
		said = understand(buf_str(&line));
		if (said >= 0)
			return said;
		fprintf(stderr, "%s\n", _("Please answer y (yes) or n (no)."));
	}
}

int
ask_line(struct buf *out, const char *prompt, const char *option, struct err *err)
{
	if (!isatty(STDIN_FILENO)) {
		err_set(err, ERR_USAGE, "something is missing, and there is no terminal to ask on");
		return err_hint(err, "give it with %s", option);
	}
	fputs(prompt, stderr);
	fflush(stderr);
	return read_line(out, err);
}

/* Whether @from gives something without asking. */
static bool
is_given(const struct cli *cli, const struct source *from, const struct typed *taken)
{
	return args_has(&cli->args, from->option) ||
	       (from->file_variable && getenv(from->file_variable)) || taken;
}

/* What @from gives: *out, which is to be freed, or *borrowed; both NULL: nothing. */
static int
look_for(struct typed **out, const struct typed **borrowed, const struct cli *cli,
	 const struct source *from, const struct typed *taken, struct err *err)
{
	const char *path = args_value(&cli->args, from->option);

	if (!path && from->file_variable)
		path = getenv(from->file_variable);
	if (path)
		return typed_from_file(out, path, err);
	*borrowed = taken;
	return 0;
}

static int
missing(const struct source *from, const char *what, struct err *err)
{
	err_set(err, ERR_LOCKED, "%s is needed, and there is no terminal to ask on", what);
	return err_hint(err, "give it with %s FILE or in $%s", from->option, from->variable);
}

/* The secret that is asked for with @prompt, from wherever it comes first.  @then makes of it what
 * the caller wants. */
static int
secret_line(struct typed **out, const struct typed **borrowed, const struct cli *cli,
	    const struct source *from, const struct typed *taken, const char *what,
	    const char *prompt, struct err *err)
{
	*out = NULL;
	*borrowed = NULL;
	if (look_for(out, borrowed, cli, from, taken, err) < 0)
		return -1;
	if (!*out && !*borrowed) {
		if (!isatty(STDIN_FILENO))
			return missing(from, what, err);
		if (typed_from_terminal(out, prompt, err) < 0)
			return -1;
	}
	if (*out)
		*borrowed = *out;
	return 0;
}

int
ask_passphrase(struct passphrase **out, const struct cli *cli, struct err *err)
{
	AUTO(typed_free) struct typed *owned = NULL;
	const struct typed *t;

	if (secret_line(&owned, &t, cli, &passphrase_source, cli->passphrase, _("the passphrase"),
			_("Passphrase: "), err) < 0)
		return -1;
	return passphrase_new(out, typed_span(t), err);
}

/* Typed, checked, and typed again. */
static int
type_new_passphrase(struct passphrase **out, struct err *err)
{
	char suggestion[PASSPHRASE_SUGGESTION_BYTES];

	passphrase_suggest(suggestion);
	fprintf(stderr, _("Choose a passphrase of 12 characters or more, such as: %s\n"),
		suggestion);
	secret_wipe(suggestion, sizeof suggestion);
	for (;;) {
		AUTO(typed_free) struct typed *first = NULL;
		AUTO(typed_free) struct typed *second = NULL;
		AUTO(passphrase_free) struct passphrase *p = NULL;

		if (typed_from_terminal(&first, _("New passphrase: "), err) < 0 ||
		    passphrase_new(&p, typed_span(first), err) < 0)
			return -1;
		if (passphrase_check_new(p, err) < 0) {
			fprintf(stderr, "%s\n", err->msg);
			continue;
		}
		if (typed_from_terminal(&second, _("The same again: "), err) < 0)
			return -1;
		if (span_equal(typed_span(first), typed_span(second))) {
			*out = TAKE(p);
			return 0;
		}
		fprintf(stderr, "%s\n", _("The two are not the same. Once more:"));
	}
}

int
ask_new_passphrase(struct passphrase **out, const struct cli *cli, bool or_present, struct err *err)
{
	AUTO(typed_free) struct typed *owned = NULL;
	const struct typed *t = NULL;
	AUTO(passphrase_free) struct passphrase *p = NULL;

	if (look_for(&owned, &t, cli, &new_passphrase_source, cli->new_passphrase, err) < 0)
		return -1;
	if (!owned && !t && or_present &&
	    look_for(&owned, &t, cli, &passphrase_source, cli->passphrase, err) < 0)
		return -1;
	if (owned)
		t = owned;
	if (!t) {
		if (!isatty(STDIN_FILENO))
			return missing(&new_passphrase_source, _("a new passphrase"), err);
		return type_new_passphrase(out, err);
	}
	if (passphrase_new(&p, typed_span(t), err) < 0 || passphrase_check_new(p, err) < 0)
		return -1;
	*out = TAKE(p);
	return 0;
}

int
ask_chosen_passphrase(struct passphrase **out, const struct cli *cli, struct err *err)
{
	return is_given(cli, &new_passphrase_source, cli->new_passphrase)
		       ? ask_new_passphrase(out, cli, false, err)
		       : ask_passphrase(out, cli, err);
}

int
ask_recovery_code(struct recovery_code **out, const struct cli *cli, struct err *err)
{
	AUTO(typed_free) struct typed *owned = NULL;
	const struct typed *t;

	if (secret_line(&owned, &t, cli, &recovery_source, cli->recovery, _("the recovery code"),
			_("Recovery code: "), err) < 0)
		return -1;
	if (recovery_code_parse(out, typed_span(t), err) < 0) {
		if (err->code == ERR_SYNTAX)
			err->code = ERR_LOCKED; /* a wrong key, however it is wrong */
		return -1;
	}
	return 0;
}

void
ask_credential_clear(struct ask_credential *c)
{
	passphrase_free(c->passphrase);
	recovery_code_free(c->recovery);
	*c = (struct ask_credential){ 0 };
}

bool
ask_credential_is_given(const struct cli *cli)
{
	return is_given(cli, &passphrase_source, cli->passphrase) ||
	       is_given(cli, &recovery_source, cli->recovery);
}

int
ask_credential(struct ask_credential *out, const struct cli *cli, struct box *box, struct err *err)
{
	AUTO(buf_clear) struct buf joined_by = BUF_INIT(SETTING_VALUE_MAX);
	bool passphrase = is_given(cli, &passphrase_source, cli->passphrase);
	bool recovery = is_given(cli, &recovery_source, cli->recovery);

	if (passphrase == recovery) {
		if (setting_get(&joined_by, box, ASK_JOINED_BY, err) < 0)
			return -1;
		recovery = !strcmp(buf_str(&joined_by), "recovery");
	}
	return recovery ? ask_recovery_code(&out->recovery, cli, err)
			: ask_passphrase(&out->passphrase, cli, err);
}
