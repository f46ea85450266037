"""A small company whose people sign in to the pages under test."""

from typing import Final

from tests.town import PASSWORD

COMPANY: Final = "深圳市绿途新能源物流车辆运营有限公司"


def found() -> None:
    """A platform, a region, four operators, and the people of one of them."""
    from django.utils import timezone

    from panshi.kit.tenancy import hq_actor
    from panshi.org import services

    at = timezone.now()
    platform = services.found_platform(
        name="磐石平台", city="北京", actor=hq_actor(), at=at
    ).node_id
    region = services.create_node(
        parent_id=platform,
        kind="REGION",
        name="华南区域运营中心",
        city="广州",
        actor=hq_actor(platform),
        at=at,
    ).node_id
    nodes = [
        services.register_operator(
            region_id=region, name=name, city=city, actor=hq_actor(region), at=at
        ).node_id
        for city, name in (("深圳", COMPANY), ("东莞", "东莞市顺驰新能源汽车租赁有限公司"))
    ]
    people = [
        ("hq", "周启明", platform, "ADMINISTRATOR"),
        ("chen", "陈雨桐", nodes[0], "ADMINISTRATOR"),
        ("audit", "孙静怡", nodes[0], "AUDITOR"),
        ("locked", "高翔", nodes[0], "DISPATCHER"),
        ("engineer", "黄志强", nodes[0], "ENGINEER"),
    ]
    names = (
        "刘洋 张伟 吴敏 徐丽华 马超 何雪梅 林小燕 罗勇 梁佳慧 谢婷"
        " 韩冰 唐强 冯远 董洁 袁泉 郑凯 丁一 方圆 石磊 白桦"
    )
    people += [
        (f"person{n}", name, nodes[0], ("SALES", "FINANCE", "WAREHOUSE")[n % 3])
        for n, name in enumerate(names.split())
    ]
    for username, full_name, node, role in people:
        services.create_user(
            org_id=node,
            username=username,
            full_name=full_name,
            roles=[role],
            password=PASSWORD,
            actor=hq_actor(node),
            at=at,
        )
