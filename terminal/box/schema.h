/* SPDX-License-Identifier: Apache-2.0 */
/* schema: the tables of box.db.  docs/formats/box-db.md says what each column means. */
#ifndef BOX_SCHEMA_H
#define BOX_SCHEMA_H

#define SCHEMA_APPLICATION_ID 0x43424f58 /* "CBOX" */

/* Statements that make the tables of version BOX_SCHEMA, in order; NULL at the end. */
extern const char *const schema_statements[];

#endif
