"""Moto's server with a user whose calls it checks, and nothing that needs Docker: functions answer what they are asked.

Says in one line of JSON where it is and who may call, serves until its input ends, and takes orders by line meanwhile:
`docker` lets functions be looked up before they answer.
"""

import json
import sys

import boto3
import requests
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"


def client(service):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    )


def allow(principal, action):
    statement = {"Effect": "Allow", "Action": action}
    statement.update({"Principal": principal} if principal else {"Resource": "*"})
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def lambda_needs_docker(needs):
    config = {"lambda": {"use_docker": needs}}
    requests.post(f"{endpoint}/moto-api/config", json=config).raise_for_status()


lambda_needs_docker(False)
iam = client("iam")
iam.create_user(UserName="orders")
iam.put_user_policy(UserName="orders", PolicyName="all", PolicyDocument=allow(None, "*"))
key = iam.create_access_key(UserName="orders")["AccessKey"]
trust = allow({"AWS": "*"}, "sts:AssumeRole")
role = iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
iam.put_role_policy(RoleName="caller", PolicyName="all", PolicyDocument=allow(None, "*"))
# From now on every signature and every right is checked.
requests.post(f"{endpoint}/moto-api/reset-auth", data="0").raise_for_status()
known = {"endpoint": endpoint, "id": key["AccessKeyId"], "secret": key["SecretAccessKey"], "role": role}
print(json.dumps(known), flush=True)

for line in sys.stdin:
    match line.split():
        case ["docker"]:
            lambda_needs_docker(True)
    print("done", flush=True)
server.stop()
