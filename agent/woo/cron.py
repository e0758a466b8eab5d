"""Calls ``wp-cron.php``: what visitors set off, and a system's cron should every minute."""

from __future__ import annotations

import aiohttp
from yarl import URL

from agent import errors
from agent.woo import answers

TIMEOUT_S = 10.0


async def wake(session: aiohttp.ClientSession, home: str) -> bool:
    """Whether it answered in time. Some PHPs answer when all is done only, and go on when nobody
    waits for that (WP:wp-cron.php, ``ignore_user_abort``). Raises StoreError."""
    url = URL(f"{home}/wp-cron.php?doing_wp_cron", encoded=True)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with session.get(url, allow_redirects=False, timeout=timeout) as response:
            status = response.status
    except TimeoutError:
        return False
    except (aiohttp.ClientError, OSError) as error:
        raise _refused(home, f"can't be called: {answers.plain(error)}") from error
    if not 200 <= status < 300:
        raise _refused(home, f"answers {status}")
    return True


def _refused(home: str, why: str) -> errors.StoreUnavailableError:
    return errors.StoreUnavailableError(
        f"wp-cron.php {why}", hint=f"see what it says: curl -i {home}/wp-cron.php"
    )
