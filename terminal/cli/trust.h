/* SPDX-License-Identifier: Apache-2.0 */
/* trust: whether a server whose key is not known yet is to be trusted. */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include "base/err.h"

struct cli;

/** The server cli->remote: a key that neither a pin nor a known authority vouches for is shown, and asked
 *  about; on yes it is pinned.  ERR_CANCELLED: no, and nothing was sent to it. */
int trust_server(struct cli *cli, struct err *err);

#endif
