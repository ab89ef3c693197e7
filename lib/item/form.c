/* SPDX-License-Identifier: Apache-2.0 */
/* form: see form.h. */
#include "item/form.h"

const struct form *const forms[] = { &form_bookmark, &form_call, &form_card,
				     &form_event,    &form_memo, &form_message,
				     &form_record,   &form_task, NULL };

const struct form *
form_of_type(struct span type)
{
	for (size_t i = 0; forms[i]; i++)
		for (size_t j = 0; j < FORM_TYPES_MAX && forms[i]->types[j]; j++)
			if (span_equal(type, span_str(forms[i]->types[j])))
				return forms[i];
	return NULL;
}
