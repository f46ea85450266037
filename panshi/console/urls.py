from django.urls import path

from panshi.console import confirm, sign_in, tree_pages, views

urlpatterns = [
    path("", views.home_page, name="home"),
    path("home/<slug:name>/", views.panel, name="console-panel"),
    path("search/", views.search_all, name="console-search"),
    path("live/", views.live, name="live"),
    path("tasks/", views.tasks, name="console-tasks"),
    path("tasks/count/", views.task_count, name="console-task-count"),
    path("tasks/<uuid:task_id>/cancel/", views.cancel_task, name="console-cancel-task"),
    path("inbox/count/", views.inbox_count, name="console-inbox-count"),
    path("organisation/switch/", views.switch_node, name="console-switch-node"),
    path("organisation/", tree_pages.tree, name="console-organisation"),
    path("organisation/new/", tree_pages.new, name="console-node-new"),
    path("organisation/<int:node_id>/move/", tree_pages.move, name="console-node-move"),
    path("organisation/<int:node_id>/close/", tree_pages.close, name="console-node-close"),
    path("staff/", views.staff, name="console-staff"),
    path("staff/new/", views.new_staff, name="console-staff-new"),
    path("staff/<uuid:user_id>/", views.staff_roles, name="console-staff-roles"),
    path("staff/<uuid:user_id>/end/", views.staff_end, name="console-staff-end"),
    path("staff/<uuid:user_id>/password/", views.staff_password, name="console-staff-password"),
    path("audit/", views.audit, name="console-audit"),
    path("audit/<int:line_id>/", views.audit_line, name="console-audit-line"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/second-factor/", sign_in.second_factor, name="console-second-factor"),
    path(
        "sign-in/second-factor/set-up/",
        sign_in.second_factor_setup,
        name="console-second-factor-setup",
    ),
    path("sign-in/confirm/<uuid:subject>/", confirm.confirm, name="sign-in-confirm"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
]
