/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: run a target over files and folders of inputs, without libFuzzer.
 *
 *     fuzz_card tests/fuzz/corpus/card [FILE...]
 *
 * Each input lies in memory of its own exact size, and each is run at all its beginnings too
 * (SHORTENED_MAX of them, evenly spaced): damage that keeps the good start of a file is what cut
 * connections and full disks leave behind.  Prints how many inputs there were; none is a failure.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "os/os.h"

#define SHORTENED_MAX   64
#define INPUT_BYTES_MAX (16u << 20)

static void
run_exact(struct span s)
{
	AUTO(free) uint8_t *exact = fuzz_copy(s);

	LLVMFuzzerTestOneInput(exact, s.n);
}

static int
run_file(const char *path)
{
	AUTO(buf_clear) struct buf input = BUF_INIT(INPUT_BYTES_MAX);
	struct err err;

	if (os_read_file(AT_FDCWD, path, &input, &err) < 0) {
		fprintf(stderr, "%s: %s\n", path, err.msg);
		return -1;
	}
	fprintf(stderr, "%s\n", path); /* the last name printed is the one that failed */
	for (size_t i = 0; i < SHORTENED_MAX; i++)
		run_exact(span_of(input.p, input.n * i / SHORTENED_MAX));
	run_exact(buf_span(&input));
	return 0;
}

static int
run_folder(const char *path, unsigned *n)
{
	struct dirent **names;
	int n_names = scandir(path, &names, NULL, alphasort), rc = 0;

	for (int i = 0; i < n_names; i++) {
		char file[4096];

		snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && rc == 0) {
			rc = run_file(file);
			++*n;
		}
		free(names[i]);
	}
	if (n_names >= 0)
		free(names);
	return n_names < 0 ? -1 : rc;
}

int
main(int argc, char **argv)
{
	unsigned n = 0;
	struct stat st;

	for (int i = 1; i < argc; i++) {
		bool folder = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);

		if ((folder ? run_folder(argv[i], &n) : (n++, run_file(argv[i]))) < 0) {
			fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return 1;
		}
	}
	printf("%u inputs\n", n);
	return n ? 0 : 1;
}
