/* SPDX-License-Identifier: Apache-2.0 */
/* args: command lines of both programs; each line of the input is a word. */
#include "cli/args.h"
#include "cli/commands.h"
#include "convert/file_kind.h"
#include "fuzz.h"

#define WORDS_MAX 40

static const struct args_tables tables = { commands, global_options };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(args_clear) struct args a = { 0 };
	AUTO(free) char *text = malloc(n + 1);
	char *argv[WORDS_MAX + 1] = { (char *)"cloudbox" };
	const struct file_kind *kind;
	int argc = 1;
	struct err err;

	memcpy(text, data, n);
	text[n] = 0;
	if (file_kind_find(&kind, n % 2 ? &form_card : &form_message, text, &err) == 0)
		FUZZ_TRUE(strcmp(kind->format, text) == 0);
	for (char *word = strtok(text, "\n"); word && argc < WORDS_MAX; word = strtok(NULL, "\n"))
		argv[argc++] = word;
	if (args_parse(&a, &tables, argc, argv, &err) < 0) {
		FUZZ_TRUE(err.code == ERR_USAGE && err.msg[0]);
		return 0;
	}
	FUZZ_TRUE(a.n_words + a.n_given < WORDS_MAX);
	if (a.command)
		args_check(&a, &err);
	for (size_t i = 0; i < a.n_given; i++)
		FUZZ_TRUE(args_has(&a, a.given[i].option->name));
	return 0;
}
