from django.urls import path

from panshi.cockpit import views

urlpatterns = [
    path("cockpit/", views.cockpit, name="cockpit"),
    path("cockpit/figures/", views.board, name="cockpit-figures"),
    path("cockpit/wall/", views.wall, name="cockpit-wall"),
    path("cockpit/wall/figures/", views.wall_figures, name="cockpit-wall-figures"),
    path("cockpit/indicators/<slug:slug>/", views.indicator, name="cockpit-indicator"),
    path("cockpit/targets/", views.targets, name="cockpit-targets"),
    path("cockpit/alerts/", views.alerts, name="cockpit-alerts"),
    path(
        "cockpit/alerts/<uuid:alert_id>/acknowledge/",
        views.acknowledge,
        name="cockpit-acknowledge",
    ),
    path("cockpit/budget/", views.budget, name="cockpit-budget"),
    path("cockpit/risks/", views.risks, name="cockpit-risks"),
    path("cockpit/risks/new/", views.new_risk, name="cockpit-risk-new"),
    path("cockpit/risks/<uuid:risk_id>/", views.risk, name="cockpit-risk"),
    path("cockpit/plans/", views.plans, name="cockpit-plans"),
    path("cockpit/plans/<uuid:plan_id>/", views.launch, name="cockpit-launch"),
    path("cockpit/plans/<uuid:plan_id>/gate/", views.gate, name="cockpit-gate"),
]
