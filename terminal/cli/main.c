/* SPDX-License-Identifier: Apache-2.0 */
/* cloudbox: the program on the terminal. */
#include "cli/cli.h"

int
main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
