/* SPDX-License-Identifier: Apache-2.0 */
/* options: the command line of cloudboxd, taken apart. */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "installation.h"
#include "upkeep/post.h"

enum command {
	COMMAND_SERVE,
	COMMAND_INVITE,
	COMMAND_ACCOUNTS,
	COMMAND_USAGE,
	COMMAND_DEVICES,
	COMMAND_ACCOUNT,
	COMMAND_CHECK,
	COMMAND_TIDY,
	COMMAND_SNAPSHOT,
	COMMAND_HELP,
	COMMAND_VERSION,
};

struct options {
	enum command command;
	bool json;
	bool plain_http;  /* serve */
	bool has_quota;   /* --quota was given */
	bool all;         /* check */
	const char *name; /* of the command, as typed */
	struct installation_options installation;
	const char *lang;

	/* serve */
	const char *listen; /* HOST:PORT */
	const char *url;
	const char *tls_cert, *tls_key;
	uint64_t min_free_bytes; /* UINT64_MAX: 5 % or 2 GiB */
	int64_t idle_ms;
	int64_t tidy_ms;     /* 0: as the keeper likes */
	const char *metrics; /* HOST:PORT; NULL: none */
	bool log_json;
	struct post_options post; /* by which people are told of alarms */

	/* invite, account */
	uint64_t quota_bytes;
	int64_t valid_ms;
	const char *mail, *webhook; /* who is told of alarms; "": nobody; NULL: as it is */

	const char *argument; /* devices, account: an account's id; snapshot: a folder */

	/* account: a device's id or "--all"; NULL: not asked for */
	const char *suspend, *resume;
	bool remove;
};

/** Take apart.  @out borrows from @argv.  -1: ERR_USAGE; `json` and `lang` are filled in even then, as
 *  far as they were reached. */
int options_parse(struct options *out, int argc, char **argv, struct err *err);

/** "10G": a number of bytes with K, M, G or T (of 1024).  ERR_USAGE. */
int size_parse(uint64_t *bytes, const char *text, struct err *err);

/** What --help prints. */
const char *options_help(void);

#endif
