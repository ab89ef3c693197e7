/* SPDX-License-Identifier: Apache-2.0 */
/* serve: the running server, from its start to SIGTERM. */
#ifndef SERVER_SERVE_H
#define SERVER_SERVE_H

#include "options.h"

/** Serve until SIGTERM or SIGINT; says "listening on URL" on standard output when ready.  The data
 *  are open.  0, or -1: it could not start. */
int serve(struct installation *in, const struct options *o, struct err *err);

#endif
