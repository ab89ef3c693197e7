/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli: one run of the program `cloudbox`: its command line, its Box, its answers.
 *
 * A command reads what it needs, then either builds one JSON value (json_* below; --json) or prints
 * a few lines for people on standard output.  Nothing else writes there, so that what scripts read
 * is one document.  Warnings and questions go to standard error.
 *
 * What is costly is made when first asked for: the Box is opened by cli_box(), the server by
 * cli_remote(), the account is unlocked by cli_unlock() (a second of Argon2).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <json-c/json.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/args.h"
#include "cli/typed.h"

struct account_keys;
struct box;
struct remote;
struct remote_url;
struct spool;
struct unlocked;

/* Exit statuses: part of the contract. */
enum {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_PARTIAL = 3,
	CLI_LOCKED = 4,
	CLI_UNREACHABLE = 5,
};

#define JSON_DEPTH_MAX 4 /* of a document that is written down as it comes */

enum cli_answer { ANSWER_ASK, ANSWER_YES, ANSWER_NO };

struct cli {
	struct args args;
	bool json;
	bool colour_out, colour_err; /* escape sequences are welcome there */
	bool progress;               /* somebody watches standard error */
	size_t width;                /* cells of standard output's terminal; 0: no terminal */
	enum cli_answer answer;      /* --yes, --no */
	struct typed *passphrase;    /* from the environment, or NULL */
	struct typed *new_passphrase;
	struct typed *recovery;
	struct json_object *result; /* what --json prints; cli_print_result() */
	bool json_told;             /* the document was printed already: json_now() */
	bool json_failed;           /* a value could not be made: out of memory */
	struct json_document {      /* see json_open() */
		struct spool *text;
		char closing[JSON_DEPTH_MAX + 1];
		bool filled[JSON_DEPTH_MAX + 1];
		size_t depth;
	} document;
	struct box *box;           /* see cli_box() */
	struct remote *remote;     /* see cli_remote() */
	struct unlocked *unlocked; /* see cli_unlock() */
};

/** Run one command line.  @return the exit status; everything was said and released. */
int cli_main(int argc, char **argv);

/** The exit status that goes with an error code. */
int cli_exit_status(enum err_code code);

/* The program's parts, made when first asked for, released by cli_main(). */

/** The Box of this terminal.  NULL with @err. */
struct box *cli_box(struct cli *cli, struct err *err);

/** The Box of a terminal that is in an account; NULL with @err else. */
struct box *cli_account_box(struct cli *cli, struct err *err);

/** The URL of the account's server, pin included: what another terminal joins with.  The Box is
 *  open and in an account. */
int cli_server(struct remote_url *out, const struct cli *cli, struct err *err);

/** The account's server; contacts nobody yet.  NULL with @err. */
struct remote *cli_remote(struct cli *cli, struct err *err);

/** The unlocked account: by what is given (an option, the environment), else by the session that
 *  `cloudbox run` holds, else by what is asked for.  What was given or asked for becomes that session.
 *  NULL with @err: ERR_LOCKED (missing or wrong), account_unlock()'s. */
struct unlocked *cli_unlock(struct cli *cli, struct err *err);

/** The same without a session: for what decides who gets in.  Whoever finds the terminal within ten
 *  minutes of an unlocking is not to change that. */
struct unlocked *cli_unlock_anew(struct cli *cli, struct err *err);

/** Whether cli_unlock() would find what opens without asking anybody. */
bool cli_can_unlock(struct cli *cli);

/** The same by the session alone, nobody is asked: for what is done by itself.  NULL with ERR_LOCKED:
 *  none is held. */
struct unlocked *cli_unlock_held(struct cli *cli, struct err *err);

/** End the session that `cloudbox run` holds, if any.  True: one was held. */
bool cli_lock(struct cli *cli);

/** A kept_keys_fn over a `struct cli`: the account's keys, unlocked when first asked for. */
const struct account_keys *cli_keys(void *cli, uint64_t epoch, struct err *err);

/* Words of the command: those after its name. */

/** The how manieth word, or NULL. */
static inline const char *
cli_word(const struct cli *cli, size_t i)
{
	return i < cli->args.n_words ? cli->args.words[i] : NULL;
}

/* JSON.  A value that cannot be made sets json_failed; nobody need look at each. */

struct json_object *json_list(struct cli *cli);
struct json_object *json_record(struct cli *cli);
/** Append a new record to @list and give it back. */
struct json_object *json_push(struct cli *cli, struct json_object *list);
void json_put(struct cli *cli, struct json_object *o, const char *key, struct json_object *value);
/** Text; bytes that are no UTF-8 become U+FFFD.  NULL becomes null. */
void json_put_text(struct cli *cli, struct json_object *o, const char *key, const char *value);
void json_put_number(struct cli *cli, struct json_object *o, const char *key, uint64_t value);
void json_put_flag(struct cli *cli, struct json_object *o, const char *key, bool value);
/** RFC 3339; 0 becomes null. */
void json_put_when(struct cli *cli, struct json_object *o, const char *key, int64_t at_unix_ms);

/*
 * A document of many items is not built, it would be the largest thing in memory, but written down as
 * it comes: objects and lists are opened, filled and closed.  It is put aside (os/spool.h) and printed
 * when the command has ended without a failure.  All return 0 or -1 (spool_put()'s errors).
 */
/** Open one: @bracket '{' or '['.  @key within an object, NULL in a list and at first. */
int json_open(struct cli *cli, const char *key, char bracket, struct err *err);
/** Add @value, which is taken, with @key in an object, NULL in a list. */
int json_add(struct cli *cli, const char *key, struct json_object *value, struct err *err);
int json_add_number(struct cli *cli, const char *key, uint64_t value, struct err *err);
/** Close the innermost. */
int json_close(struct cli *cli, struct err *err);

/** Make @value the result: what --json prints.  Owned by @cli from then on. */
void json_result(struct cli *cli, struct json_object *value);
/** Print @value now, as the document of a command that goes on for long; how that ends, its exit status
 *  says, and words on standard error.  Takes @value. */
void json_now(struct cli *cli, struct json_object *value);
/** {"changed": n}: of commands without a shape of their own. */
void json_changed(struct cli *cli, uint64_t n);

/* Lines for people. */

/** A warning, on standard error: what went on, but should be known. */
void cli_warn(const struct cli *cli, const char *sentence);

/** Escape sequences for standard output, "" where they are not welcome. */
const char *cli_bold(const struct cli *cli);
const char *cli_dim(const struct cli *cli);
const char *cli_green(const struct cli *cli);
const char *cli_yellow(const struct cli *cli);
const char *cli_red(const struct cli *cli);
const char *cli_plain(const struct cli *cli);

/** @text for printing: cleaned as text_clean() does.  Valid until the fourth next call. */
const char *cli_clean(const char *text);

/** A field's value for a screen: cleaned, and what is longer than 240 bytes (a damaged photo) cut
 *  with "…".  JSON has all of it.  Valid until the fourth next call. */
const char *cli_value(const char *text);

#endif
