/* SPDX-License-Identifier: Apache-2.0 */
/* options: cloudboxd's command line, each line of the input a word; and its sizes. */
#include "options.h"
#include "fuzz.h"

#define WORDS_MAX 40

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(free) char *text = malloc(n + 1);
	char *argv[WORDS_MAX + 1] = { (char *)"cloudboxd" };
	int argc = 1;
	struct options options;
	struct err err;
	uint64_t bytes;

	memcpy(text, data, n);
	text[n] = 0;
	if (size_parse(&bytes, text, &err) < 0)
		FUZZ_TRUE(err.code == ERR_USAGE);
	for (char *word = strtok(text, "\n"); word && argc < WORDS_MAX; word = strtok(NULL, "\n"))
		argv[argc++] = word;
	if (options_parse(&options, argc, argv, &err) < 0)
		FUZZ_TRUE(err.code == ERR_USAGE && err.msg[0]);
	else
		FUZZ_TRUE(options.name != NULL || options.command >= COMMAND_HELP);
	return 0;
}
