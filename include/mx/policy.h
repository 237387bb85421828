#pragma once
/* Job policy: what the processes of a job may do (mx_job_set_policy). */
#include <abi/policy.h>
#include <mx/types.h>

typedef struct mx_policy_basic {
	uint32_t	condition;	/* MX_POL_* */
	uint32_t	policy;		/* MX_POL_ACTION_* */
} mx_policy_basic_t;
_Static_assert(sizeof(mx_policy_basic_t) == sizeof(struct abi_policy_basic), "mx_policy_basic_t");

typedef struct mx_policy_timer_slack {
	mx_duration_t	min_slack;
	uint32_t	default_mode;	/* MX_TIMER_SLACK_* */
	uint32_t	reserved;
} mx_policy_timer_slack_t;
_Static_assert(sizeof(mx_policy_timer_slack_t) == sizeof(struct abi_policy_timer_slack),
    "mx_policy_timer_slack_t");
