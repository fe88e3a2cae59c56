"""The names of packages that are installed most, and which of them another name is near to."""

from __future__ import annotations

import re
from functools import cache

_SHORTEST = 5

# Well-known distributions of Python, and packages of npm: what slips of the finger are measured by.
_PYTHON = """
    aiohttp alembic ansible anyio apache-airflow asyncpg attrs awscli azure-core babel bcrypt beautifulsoup4 black bleach boto3
    botocore cachetools celery certifi cffi chardet charset-normalizer click cloudpickle colorama coverage cryptography cython
    dask datasets django djangorestframework docker docutils fastapi flake8 flask gevent gitpython google-auth graphene greenlet
    grpcio gunicorn h5py httpx huggingface-hub hypothesis idna imageio ipython isort itsdangerous jax jedi jinja2 jmespath joblib
    jsonschema jupyter jupyterlab keras kombu kubernetes langchain lightgbm lxml mako markdown markupsafe matplotlib mkdocs mypy
    mysqlclient networkx nltk notebook numba numpy oauthlib openai opencv-python openpyxl orjson packaging pandas paramiko passlib
    pendulum pillow pip pipenv plotly poetry prometheus-client protobuf psutil psycopg2 psycopg2-binary pyarrow pycparser
    pycryptodome pydantic pygments pyjwt pylint pymongo pymysql pynacl pyopenssl pyparsing pyserial pytest python-dateutil
    python-dotenv pytorch pytz pyyaml pyzmq redis regex requests requests-oauthlib rich rsa ruff s3transfer scikit-image
    scikit-learn scipy scrapy seaborn selenium sentry-sdk setuptools simplejson six sphinx sqlalchemy starlette streamlit sympy
    tabulate tensorboard tensorflow tokenizers toml torch torchvision tornado tox tqdm transformers twine twisted typer
    typing-extensions tzdata ujson urllib3 uvicorn uvloop virtualenv watchdog websocket-client websockets werkzeug wheel xgboost
    xmltodict yarl
"""
_NODE = """
    angular axios babel-core babel-loader bluebird body-parser bootstrap chalk cheerio chokidar classnames colors commander
    concurrently cookie-parser core-js cross-env cross-spawn dayjs debug dotenv electron esbuild eslint eslint-config-prettier
    express fastify fs-extra gatsby generator-angular glob-parent graphql grunt grunt-cli gulp gulp-cli handlebars helmet husky
    inquirer jasmine jquery jsdom jsonwebtoken karma knex lerna lodash minimist mocha moment mongodb mongoose morgan mysql2
    next-auth nodemailer nodemon npm-check-updates passport playwright prettier prisma puppeteer react react-dom react-redux
    react-router react-scripts redis redux request rimraf rollup rxjs semver sequelize serve socket.io storybook styled-components
    svelte tailwindcss tslib turbo typescript uglify-js underscore vercel webpack webpack-cli webpack-dev-server winston yargs
    yarn zod
"""
_NAMES = {"pip": frozenset(_PYTHON.split()), "npm": frozenset(_NODE.split())}


def near_name(table: str, name: str) -> str:
    """The well-known name that another is one slip away from: a letter more, less, other, or two that changed places.

    Args:
        table: `pip` or `npm`.
        name: as it is asked for.

    Returns:
        "" for a well-known name itself, for short names, and for those that are near to none.
    """
    names = _NAMES.get(table, frozenset())
    text = re.sub(r"[-_.]+", "-", name).lower() if table == "pip" else name.lower()
    if len(text) < _SHORTEST or len(text) > 64 or text in names:
        return ""
    near = (known for length in range(len(text) - 1, len(text) + 2) for known in _by_length(table, length))
    return next((known for known in near if _is_slip(text, known)), "")


@cache
def _by_length(table: str, length: int) -> tuple[str, ...]:
    return tuple(sorted(name for name in _NAMES[table] if len(name) == length and length >= _SHORTEST))


def _is_slip(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    first, second = one[start:], other[start:]
    return (
        first[1:] == second
        or first == second[1:]
        or first[1:] == second[1:]
        or (first[:2] == second[1::-1] and first[2:] == second[2:] and len(second) > 1)
    )
