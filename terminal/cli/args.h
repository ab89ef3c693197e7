/* SPDX-License-Identifier: Apache-2.0 */
/*
 * args: the command line, taken apart by tables of commands and options.
 *
 * A command's name is one or two words ("apps", "apps add").  Global options may stand before or
 * after it, its own only after; "--NAME VALUE" and "--NAME=VALUE" are the same; "--" ends options.
 * Everything is borrowed from argv and from the tables.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "base/auto.h"
#include "base/err.h"

struct cli; /* cli.h */

struct option {
	const char *name; /* "--all"; NULL ends a table */
	const char
		*value; /* what the help calls its value; NULL: a flag, takes none; "[N]": a number
			      that may be left out */
	const char *help; /* N_(…): one line */
	bool repeats;     /* may be given more than once */
};

/* Where a command stands in the overview. */
enum command_group {
	GROUP_ACCOUNT,
	GROUP_CHOOSE,
	GROUP_BACKUP,
	GROUP_RESTORE,
	N_GROUPS,
};

struct command {
	const char *name;
	const char *synopsis; /* what follows the name: "APP (ITEM... | --all)" */
	const char *summary;  /* N_(…): one line, for the overview */
	const char *details;  /* N_(…): what else its own help says; NULL for nothing */
	enum command_group group;
	const struct option *options; /* its own; NULL for none */
	size_t min_words, max_words;  /* words after the name */
	/* Do it.  An exit status (cli.h), or -1 with @err filled. */
	int (*run)(struct cli *cli, struct err *err);
};

struct given {
	const struct option *option;
	const char *value; /* NULL for a flag */
};

struct args {
	const struct command *command; /* NULL: none was named */
	const char **words;            /* what is no option */
	size_t n_words;
	struct given *given;
	size_t n_given;
};

/** Tables that a command line is judged by; @commands ends with a NULL name. */
struct args_tables {
	const struct command *commands;
	const struct option *globals;
};

/**
 * Take argv[1] … argv[argc - 1] apart.  How many words a command wants is not checked here, since
 * --help needs none: see args_check().
 * @return 0, or -1: ERR_USAGE with a hint (unknown command or option, value missing, given twice),
 *         ERR_NOMEM.  *a is to be cleared in either case.
 */
int args_parse(struct args *a, const struct args_tables *tables, int argc, char **argv,
	       struct err *err);

/** ERR_USAGE if the command has too few or too many words. */
int args_check(const struct args *a, struct err *err);

void args_clear(struct args *a);
AUTO_OBJ(args_clear, struct args);

/** Whether option @name was given. */
bool args_has(const struct args *a, const char *name);

/** The value of option @name, or NULL. */
const char *args_value(const struct args *a, const char *name);

/** The values of an option that repeats: start with *at = 0; NULL after the last. */
const char *args_next_value(const struct args *a, const char *name, size_t *at);

/** The same as an array of @n, followed by a NULL; the caller frees *out.  ERR_NOMEM. */
int args_all_values(const char ***out, size_t *n, const struct args *a, const char *name,
		    struct err *err);

/** The whole number given with option @name, 1 to @max; @out is untouched if it was not given.
 *  ERR_USAGE. */
int args_number(const struct args *a, const char *name, unsigned long max, unsigned long *out,
		struct err *err);

/** The name in @names (NULL-terminated) that @word was probably meant to be, or NULL. */
const char *args_nearest(const char *word, const char *const *names);

#endif
