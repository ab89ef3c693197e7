/* SPDX-License-Identifier: Apache-2.0 */
/* cloudbox: the program on the terminal. */
#include <malloc.h>

#include "cli/cli.h"

int
main(int argc, char **argv)
{
	/* Stretching a passphrase frees 64 MiB at once; glibc then would keep what is freed by up to as
	 * much, and move each growing array about in it: mallopt(3), "dynamic mmap threshold". */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	return cli_main(argc, argv);
}
