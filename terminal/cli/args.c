/* SPDX-License-Identifier: Apache-2.0 */
/* args: see args.h. */
#include "cli/args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define NAMES_MAX 64 /* candidates for "did you mean" */
#define WORD_MAX  24 /* longer words are not compared */

/* Optimal string alignment: insertions, deletions, replacements and swapped neighbours. */
static size_t
distance(const char *a, const char *b)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[n][m];
}

const char *
args_nearest(const char *word, const char *const *names)
{
	const char *nearest = NULL;
	size_t best = strlen(word) / 3 + 2; /* further away is a guess, not a slip */

	for (; *names; names++) {
		size_t d = distance(word, *names);

		if (d < best) {
			best = d;
			nearest = *names;
		}
	}
	return nearest;
}

static int
unknown_command(const struct command *commands, const char *word, struct err *err)
{
	const char *names[NAMES_MAX + 1] = { NULL };
	size_t n = 0;

	for (; commands->name && n < NAMES_MAX; commands++)
		names[n++] = commands->name;
	const char *nearest = args_nearest(word, names);

	err_set(err, ERR_USAGE, "there is no command %s", word);
	if (nearest)
		return err_hint(err, "did you mean %s? All commands: cloudbox --help", nearest);
	return err_hint(err, "all commands: cloudbox --help");
}

static int
unknown_option(const struct args *a, const struct option *globals, const char *word,
	       struct err *err)
{
	const char *names[NAMES_MAX + 1] = { NULL };
	size_t n = 0;

	if (a->command && a->command->options)
		for (const struct option *o = a->command->options; o->name; o++)
			names[n++] = o->name;
	for (const struct option *o = globals; o->name && n < NAMES_MAX; o++)
		names[n++] = o->name;
	const char *nearest = args_nearest(word, names);

	if (!a->command) {
		err_set(err, ERR_USAGE, "there is no global option %s", word);
		return err_hint(err, "a command's own options stand after its name");
	}
	err_set(err, ERR_USAGE, "%s has no option %s", a->command->name, word);
	if (nearest)
		return err_hint(err, "did you mean %s? All options: cloudbox %s --help", nearest,
				a->command->name);
	return err_hint(err, "all options: cloudbox %s --help", a->command->name);
}

/* Whether @word is @name, or begins with it and goes on with '='. */
static bool
names_option(const char *word, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(word, name, n) && (word[n] == '\0' || word[n] == '=');
}

static const struct option *
find_in(const struct option *table, const char *word)
{
	for (; table && table->name; table++)
		if (names_option(word, table->name))
			return table;
	return NULL;
}

static bool
is_number(const char *word)
{
	return word && word[0] && strspn(word, "0123456789") == strlen(word);
}

/* The option in argv[*i], with its value; *i moves past what was taken. */
static int
take_option(struct args *a, const struct option *globals, int argc, char **argv, int *i,
	    struct err *err)
{
	const char *word = argv[*i];
	const struct option *o = a->command ? find_in(a->command->options, word) : NULL;

	if (!o)
		o = find_in(globals, word);
	if (!o)
		return unknown_option(a, globals, word, err);
	if (!o->repeats && args_has(a, o->name))
		return err_set(err, ERR_USAGE, "%s was given twice", o->name);

	const char *value = strchr(word, '=');

	if (value)
		value++;
	if (value && !o->value)
		return err_set(err, ERR_USAGE, "%s takes no value", o->name);
	if (!value && o->value && o->value[0] == '[') {
		if (*i + 1 < argc && is_number(argv[*i + 1]))
			value = argv[++*i];
	} else if (!value && o->value) {
		if (*i + 1 >= argc) {
			err_set(err, ERR_USAGE, "%s needs a value", o->name);
			return err_hint(err, "write %s %s", o->name, o->value);
		}
		value = argv[++*i];
	}
	a->given[a->n_given++] = (struct given){ o, value };
	return 0;
}

static const struct command *
find_command(const struct command *commands, const char *first, const char *second)
{
	for (; commands->name; commands++) {
		const char *name = commands->name;
		size_t n = strlen(first);

		if (strncmp(name, first, n) != 0)
			continue;
		if (second ? name[n] == ' ' && !strcmp(name + n + 1, second) : name[n] == '\0')
			return commands;
	}
	return NULL;
}

/* Whether @first begins a name of two words. */
static const struct command *
find_first_of_two(const struct command *commands, const char *first)
{
	size_t n = strlen(first);

	for (; commands->name; commands++)
		if (!strncmp(commands->name, first, n) && commands->name[n] == ' ')
			return commands;
	return NULL;
}

/* A word that is no option: the command, its second word, or one of its words. */
static int
take_word(struct args *a, const struct command *commands, const char **first, const char *word,
	  struct err *err)
{
	const struct command *two;

	if (!*first) {
		*first = word;
		a->command = find_command(commands, word, NULL);
		if (!a->command && !find_first_of_two(commands, word))
			return unknown_command(commands, word, err);
		return 0;
	}
	two = a->n_words == 0 ? find_command(commands, *first, word) : NULL;
	if (two && (!a->command || !strchr(a->command->name, ' '))) {
		a->command = two;
		return 0;
	}
	if (!a->command) {
		const struct command *example = find_first_of_two(commands, *first);

		err_set(err, ERR_USAGE, "there is no command %s %s", *first, word);
		return err_hint(err, "for example: cloudbox %s", example->name);
	}
	a->words[a->n_words++] = word;
	return 0;
}

int
args_parse(struct args *a, const struct args_tables *tables, int argc, char **argv, struct err *err)
{
	const char *first = NULL;
	bool options_over = false;

	*a = (struct args){ 0 };
	a->words = calloc((size_t)argc + 1, sizeof *a->words);
	a->given = calloc((size_t)argc + 1, sizeof *a->given);
	if (!a->words || !a->given)
		return err_nomem(err);
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		int rc;

		if (!options_over && !strcmp(word, "--")) {
			options_over = true;
			continue;
		}
		if (!options_over && word[0] == '-' && word[1] != '\0')
			rc = take_option(a, tables->globals, argc, argv, &i, err);
		else
			rc = take_word(a, tables->commands, &first, word, err);
		if (rc < 0)
			return -1;
	}
	if (first && !a->command && !args_has(a, "--help")) {
		const struct command *example = find_first_of_two(tables->commands, first);

		err_set(err, ERR_USAGE, "%s needs a second word", first);
		return err_hint(err, "for example: cloudbox %s", example->name);
	}
	return 0;
}

int
args_check(const struct args *a, struct err *err)
{
	const struct command *c = a->command;

	if (a->n_words >= c->min_words && a->n_words <= c->max_words)
		return 0;
	if (a->n_words < c->min_words)
		err_set(err, ERR_USAGE, "%s needs more words after it", c->name);
	else
		err_set(err, ERR_USAGE, "%s does not know what to do with %s", c->name,
			a->words[c->max_words]);
	return err_hint(err, "write it so: cloudbox %s %s", c->name, c->synopsis);
}

void
args_clear(struct args *a)
{
	free(a->words);
	free(a->given);
	*a = (struct args){ 0 };
}

bool
args_has(const struct args *a, const char *name)
{
	for (size_t i = 0; i < a->n_given; i++) {
		const struct option *o = a->given[i].option;

		if (o && !strcmp(o->name, name))
			return true;
	}
	return false;
}

const char *
args_next_value(const struct args *a, const char *name, size_t *at)
{
	while (*at < a->n_given) {
		const struct given *g = &a->given[(*at)++];

		if (g->option && !strcmp(g->option->name, name))
			return g->value;
	}
	return NULL;
}

int
args_all_values(const char ***out, size_t *n, const struct args *a, const char *name,
		struct err *err)
{
	const char *value;
	size_t at = 0;

	*n = 0;
	*out = calloc(a->n_given + 1, sizeof **out);
	if (!*out)
		return err_nomem(err);
	while ((value = args_next_value(a, name, &at)))
		(*out)[(*n)++] = value;
	return 0;
}

const char *
args_value(const struct args *a, const char *name)
{
	size_t at = 0;

	return args_next_value(a, name, &at);
}

int
args_number(const struct args *a, const char *name, unsigned long max, unsigned long *out,
	    struct err *err)
{
	const char *text = args_value(a, name);
	char *end;

	if (!text)
		return 0;
	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || n == 0 || n > max)
		return err_set(err, ERR_USAGE, "%s takes a number from 1 to %lu", name, max);
	*out = n;
	return 0;
}
