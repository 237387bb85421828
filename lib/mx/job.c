/* fork into another job. */
#include <mx/process.h>
#include <gen/sysuser.h>

pid_t
mx_job_fork(mx_handle_t job)
{
	return (pid_t)__sys_job_fork(job);
}
